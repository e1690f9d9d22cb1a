// Finds a cookie in a Cookie header (RFC 6265bis section 4.2.1).

/** How far into a Cookie header a cookie is looked for. Node itself refuses heads above 16 KB unless told otherwise. */
const longestCookieHeader = 65_536

/** The first value of that name that `isWanted`, or undefined. */
export function cookieIn(
  cookieHeader: string | undefined,
  name: string,
  isWanted: (value: string) => boolean,
): string | undefined {
  const header = cookieHeader?.slice(0, longestCookieHeader) ?? ''
  for (let start = 0; start < header.length;) {
    const semicolon = header.indexOf(';', start)
    const end = semicolon === -1 ? header.length : semicolon
    const pair = header.slice(start, end)
    start = end + 1
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    if (isWanted(value)) return value
  }
  return undefined
}
