// What makes a request unfit to be forwarded, where Node's own parser lets it through. Pure.

export interface RequestFault {
  readonly status: number
  readonly why: string
}

/**
 * The reason to refuse a request, or undefined. What two servers could read in two ways is refused, never repaired
 * (RFC 9112 sections 3.2 and 6.1).
 */
export function faultOf(rawHeaders: readonly string[], maxFields: number): RequestFault | undefined {
  if (rawHeaders.length > 2 * maxFields) return { status: 431, why: 'too many header fields' }
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    if (name.length !== 17 || name.toLowerCase() !== 'transfer-encoding') continue
    if (rawHeaders[index + 1]?.toLowerCase() !== 'chunked')
      return { status: 501, why: 'transfer coding not understood' }
  }
  return hosts > 1 ? { status: 400, why: 'more than one host' } : undefined
}
