/** A message that cannot be read in exactly one way (RFC 9112). It is refused, never repaired. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage'
}
