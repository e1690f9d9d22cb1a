// Whom a request counts for when nobody says: its client's address.
import { isIPv6 } from 'node:net'

const v4InV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
/** A subscriber of IPv6 gets 2^64 addresses and more (RFC 6177), and must not get as many limits. */
const groupsOfNetwork = 4

/** The address to count by: an IPv4 address as it is, an IPv6 address by its /64 network. */
export function countedAddress(address: string): string {
  const mapped = v4InV6.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [plain = ''] = address.split('%')
  if (!isIPv6(plain)) return address
  // A URL writes it in its shortest form, so that two spellings are one address (RFC 5952).
  const shortest = new URL(`http://[${plain}]`).hostname.slice(1, -1)
  const [head = '', tail] = shortest.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, groupsOfNetwork).join(':')}::/64`
}
