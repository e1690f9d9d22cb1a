// Who the client is, as a proxy before us tells it in the first bytes of a connection: the PROXY protocol, versions 1 and 2
// (haproxy.org, proxy-protocol.txt). Strict: what is not such a header is an error and costs the connection.
import { isIPv4, isIPv6, SocketAddress, type Socket } from 'node:net'

export interface ProxiedClient {
  readonly remoteAddress: string
  readonly remotePort: number
  /** Whether the client's connection to the proxy was encrypted; undefined where the proxy does not say. */
  readonly encrypted: boolean | undefined
}

/** `local`: the connection is the proxy's own, such as a health check, or of a client without an IP address. */
export type ProxySource = ProxiedClient | 'local'

export class MalformedProxyHeader extends Error {
  override readonly name = 'MalformedProxyHeader'
}

/** A line is never longer (section 2.1); of the binary form, whose length field could say 64 KB, we take this much. */
const maxLineBytes = 107
const maxBinaryBytes = 4_096
const binaryHeadBytes = 16

const lineStart = Buffer.from('PROXY ')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const linePattern = /^(TCP4|TCP6) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/
const sslType = 0x20
const clientUsedSsl = 0x01

/** The families of section 2.2 that can be of a TCP connection, and the bytes of their addresses. */
const families: ReadonlyMap<number, { readonly kind: 'unknown' | 'ipv4' | 'ipv6'; readonly bytes: number }> =
  new Map([
    [0x00, { kind: 'unknown', bytes: 0 }],
    [0x11, { kind: 'ipv4', bytes: 12 }],
    [0x21, { kind: 'ipv6', bytes: 36 }],
    // A client of the proxy's Unix socket.
    [0x31, { kind: 'unknown', bytes: 216 }],
  ])

/**
 * Reads the header at the start of `bytes`: who the client is and how many bytes said so; undefined while the header may
 * still become complete. Throws MalformedProxyHeader as soon as it cannot.
 */
export function parseProxyHeader(
  bytes: Buffer,
): { readonly source: ProxySource; readonly length: number } | undefined {
  if (startsLike(bytes, lineStart)) return parseLine(bytes)
  if (startsLike(bytes, signature)) return parseBinary(bytes)
  throw new MalformedProxyHeader('the connection does not begin with a PROXY protocol header')
}

/** As far as both go. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function parseLine(bytes: Buffer): { source: ProxySource; length: number } | undefined {
  const end = bytes.subarray(0, maxLineBytes).indexOf('\r\n')
  if (end === -1) {
    if (bytes.length >= maxLineBytes) throw new MalformedProxyHeader('the PROXY line is too long')
    return undefined
  }
  return { source: readLine(bytes.toString('latin1', lineStart.length, end)), length: end + 2 }
}

function readLine(words: string): ProxySource {
  // What follows UNKNOWN is to be ignored (section 2.1).
  if (/^UNKNOWN(?: |$)/.test(words)) return 'local'
  const [, family, source = '', destination = '', sourcePort, destinationPort] = linePattern.exec(words) ?? []
  const isAddress = family === 'TCP4' ? isIPv4 : isPlainIPv6
  const remotePort = Number(sourcePort)
  if (
    !isAddress(source) ||
    !isAddress(destination) ||
    remotePort > 65_535 ||
    Number(destinationPort) > 65_535
  )
    throw new MalformedProxyHeader('the PROXY line is malformed')
  return { remoteAddress: normal(source), remotePort, encrypted: undefined }
}

function parseBinary(bytes: Buffer): { source: ProxySource; length: number } | undefined {
  if (bytes.length < binaryHeadBytes) return undefined
  const length = binaryHeadBytes + bytes.readUInt16BE(14)
  if (length > maxBinaryBytes) throw new MalformedProxyHeader('the PROXY header is too long')
  if (bytes.length < length) return undefined
  return { source: readBinary(bytes.subarray(0, length)), length }
}

function readBinary(header: Buffer): ProxySource {
  const command = header.readUInt8(12)
  // Of a LOCAL connection everything else is to be ignored (section 2.2).
  if (command === 0x20) return 'local'
  if (command !== 0x21) throw new MalformedProxyHeader('the PROXY header has an unknown version or command')
  const family = families.get(header.readUInt8(13))
  if (family === undefined) throw new MalformedProxyHeader('the PROXY header has an unknown family')
  const rest = header.subarray(binaryHeadBytes)
  if (rest.length < family.bytes) throw new MalformedProxyHeader('the PROXY header is too short')
  if (family.kind === 'unknown') return 'local'
  const encrypted = readEncrypted(rest.subarray(family.bytes))
  return family.kind === 'ipv4'
    ? { remoteAddress: [...rest.subarray(0, 4)].join('.'), remotePort: rest.readUInt16BE(8), encrypted }
    : { remoteAddress: readIPv6(rest), remotePort: rest.readUInt16BE(32), encrypted }
}

/** Walks the fields behind the addresses (section 2.2.1): type, two bytes of length, value. */
function readEncrypted(fields: Buffer): boolean | undefined {
  let encrypted: boolean | undefined
  let at = 0
  while (at < fields.length) {
    const valueAt = at + 3
    const end = valueAt <= fields.length ? valueAt + fields.readUInt16BE(at + 1) : Infinity
    if (end > fields.length) throw new MalformedProxyHeader('a field of the PROXY header is cut off')
    if (fields[at] === sslType) {
      if (end - valueAt < 5) throw new MalformedProxyHeader('the SSL field of the PROXY header is too short')
      encrypted = (fields.readUInt8(valueAt) & clientUsedSsl) !== 0
    }
    at = end
  }
  return encrypted
}

function readIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  return normal(groups.join(':'))
}

/** Without a zone, which means something on the proxy's machine only. */
function isPlainIPv6(address: string): boolean {
  return isIPv6(address) && !address.includes('%')
}

/** One spelling for each address, the one that sockets use. */
function normal(address: string): string {
  return new SocketAddress({ address, family: isIPv4(address) ? 'ipv4' : 'ipv6' }).address
}

/**
 * Takes the header off a fresh connection, within `timeoutMs`; what came behind it stays in the socket to be read.
 * Rejects with MalformedProxyHeader, also when the connection ends before; the socket is then the caller's to destroy.
 */
export function readProxyHeader(socket: Socket, timeoutMs: number): Promise<ProxySource> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0)
    const stop = () => {
      clearTimeout(timer)
      // Not `data` and pause: a socket once paused does not flow when the next reader listens.
      socket.off('readable', read).off('end', leave).off('close', leave)
    }
    const fail = (error: Error) => {
      stop()
      reject(error)
    }
    const leave = () => {
      fail(new MalformedProxyHeader('the connection ended before its PROXY header'))
    }
    const read = () => {
      try {
        const header = readFrom(socket, (chunk) => (bytes = Buffer.concat([bytes, chunk])))
        if (header === undefined) return
        stop()
        if (header.length < bytes.length) socket.unshift(bytes.subarray(header.length))
        resolve(header.source)
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const timer = setTimeout(() => {
      fail(new MalformedProxyHeader('the PROXY header took too long'))
    }, timeoutMs)
    socket.on('readable', read).on('end', leave).on('close', leave)
  })
}

function readFrom(socket: Socket, append: (chunk: Buffer) => Buffer): ReturnType<typeof parseProxyHeader> {
  for (;;) {
    const chunk: unknown = socket.read()
    if (!Buffer.isBuffer(chunk)) return undefined
    const header = parseProxyHeader(append(chunk))
    if (header !== undefined) return header
  }
}
