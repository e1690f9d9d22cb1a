// Who the client is, told to an instance: X-Forwarded-For, -Proto, -Host, and Forwarded (RFC 7239).

export const forwardedNames = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
] as const
export type ForwardedName = (typeof forwardedNames)[number]

/** What a proxy before us said, by field name; empty when there is none or it is not to be believed. */
export type ForwardedNames = Partial<Record<ForwardedName, string>>

const nameSet: ReadonlySet<string> = new Set(forwardedNames)

export function isForwardedName(lowerName: string): lowerName is ForwardedName {
  return nameSet.has(lowerName)
}

export interface ClientConnection {
  readonly remoteAddress: string
  readonly encrypted: boolean
}

/**
 * The four fields as lines. A client's own word about who it is proves nothing, so by default only the connection
 * counts; what a trusted proxy said before (`earlier`) is kept, and the connection to it added at the end of the list.
 */
export function writeForwarded(
  client: ClientConnection,
  host: string | undefined,
  earlier: ForwardedNames,
): string {
  const address = plainAddress(client.remoteAddress)
  const proto = client.encrypted ? 'https' : 'http'
  const fields =
    `X-Forwarded-For: ${prefix(earlier['x-forwarded-for'])}${address}\r\n` +
    `X-Forwarded-Proto: ${earlier['x-forwarded-proto'] ?? proto}\r\n`
  const shownHost = earlier['x-forwarded-host'] ?? host ?? ''
  const hostField = shownHost === '' ? '' : `X-Forwarded-Host: ${shownHost}\r\n`
  const node = `for=${address.includes(':') ? `"[${address}]"` : address};proto=${proto}${quotedHost(host)}`
  return `${fields}${hostField}Forwarded: ${prefix(earlier.forwarded)}${node}\r\n`
}

function prefix(list: string | undefined): string {
  return list === undefined || list === '' ? '' : `${list}, `
}

/** A host with a quote or a backslash is not a host (RFC 3986); it is left out of the quoted string. */
function quotedHost(host: string | undefined): string {
  return host === undefined || host === '' || /["\\]/.test(host) ? '' : `;host="${host}"`
}

/** An IPv4 client of a socket that listens on IPv6 too is still an IPv4 client. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
