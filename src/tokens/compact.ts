// Takes a compact JWS apart (RFC 7515 section 7.1), strictly, before anything in it is believed.
import { readJsonObject } from './json-object.ts'
import type { JsonObject } from './json-object.ts'
import { invalidToken } from './refusal.ts'

/** A token that has the right shape. Nothing of it is authentic yet. */
export interface CompactToken {
  /** What is signed: header and payload as they came. */
  readonly input: string
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
  readonly payload: Buffer
  /** As it came: anything. */
  readonly signature: string
}

/**
 * What a header must not have. Keys come from the ring and from nowhere else: not from the token (jwk, x5c), nor from where it points
 * (jku, x5u) (RFC 8725 section 3.10). Nothing is unpacked (zip) or nested (cty, enc), and there is no extension
 * that we understand (crit; b64 of RFC 7797).
 */
const refusedMembers = ['crit', 'jku', 'jwk', 'x5u', 'x5c', 'zip', 'b64', 'enc', 'cty'] as const

/** Throws TOKEN_INVALID. Looks at no more than `maxBytes`. */
export function parseCompact(text: unknown, maxBytes: number): CompactToken {
  if (typeof text !== 'string') throw invalidToken('it is no text')
  if (text.length > maxBytes) throw invalidToken(`it has more than ${maxBytes} bytes`)
  const bodyAt = text.indexOf('.') + 1
  const signatureAt = text.indexOf('.', bodyAt) + 1
  if (bodyAt < 2 || signatureAt === 0 || text.includes('.', signatureAt))
    throw invalidToken('it is not three parts of base64url')
  const head = text.slice(0, bodyAt - 1)
  const { alg, kid, typ } = headers.get(head) ?? readHeader(head)
  return {
    alg,
    kid,
    typ,
    input: text.slice(0, signatureAt - 1),
    payload: decode(text.slice(bodyAt, signatureAt - 1)),
    signature: text.slice(signatureAt),
  }
}

/** The bytes. Throws TOKEN_INVALID where they are none. An empty one has the shape of a token too: its key refuses it. */
export function signatureOf({ signature }: CompactToken): Buffer {
  return decode(signature)
}

type Header = Pick<CompactToken, 'alg' | 'kid' | 'typ'>

/** Headers that were read: all tokens of a key have one. Reading it anew would be a sixth of an HS256 check. */
const headers = new Map<string, Header>()
const mostHeaders = 64

function readHeader(head: string): Header {
  const header = readJsonObject(decode(head))
  if (header === undefined) throw invalidToken('its header is no JSON object, or names a member twice')
  const read = checkHeader(header)
  // A stranger who sends ever new ones only has the others read again.
  if (headers.size >= mostHeaders) headers.clear()
  headers.set(head, read)
  return read
}

function checkHeader(header: JsonObject): Header {
  const refused = refusedMembers.find((name) => name in header)
  if (refused !== undefined) throw invalidToken(`its header has ${refused}`)
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') throw invalidToken('its header has no alg')
  if (kid !== undefined && typeof kid !== 'string') throw invalidToken('its kid is no text')
  if (typ !== undefined && typeof typ !== 'string') throw invalidToken('its typ is no text')
  return { alg, kid, typ }
}

/** One text for each token: what base64url leaves over must be zero, or a revoked or cached text could come in disguise. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (bytes.toString('base64url') !== part) throw invalidToken('a part of it is not base64url')
  return bytes
}

/** Whether `typ` says this media type (RFC 7515 section 4.1.9: without regard to case, `application/` may be left out). */
export function isType(typ: string | undefined, wanted: string): boolean {
  const word = typ?.toLowerCase()
  return word === wanted || word === `application/${wanted}`
}
