import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MalformedProxyHeader, parseProxyHeader } from './proxy-protocol.ts'

const signature = '\r\n\r\n\0\r\nQUIT\n'

/** A header of version 2 with a true length. */
function binary(command: number, family: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const rest = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const head = Buffer.from([command, family, rest.length >> 8, rest.length & 255])
  return Buffer.concat([Buffer.from(signature, 'latin1'), head, rest])
}

function field(type: number, value: readonly number[]): Buffer {
  return Buffer.from([type, value.length >> 8, value.length & 255, ...value])
}

function line(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

const ipv4 = [192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0x01, 0xbb]
const ipv6 = Buffer.from('20010db800000000000000000000000120010db8000000000000000000000002dc0401bb', 'hex')

const good: readonly [what: string, header: Buffer, source: unknown][] = [
  [
    'a line about IPv4',
    line('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'),
    { remoteAddress: '192.0.2.1', remotePort: 56_324, encrypted: undefined },
  ],
  [
    'a line about IPv6, in the usual spelling',
    line('PROXY TCP6 2001:DB8:0:0::1 2001:db8::2 56324 443\r\n'),
    { remoteAddress: '2001:db8::1', remotePort: 56_324, encrypted: undefined },
  ],
  [
    'the longest line',
    line(`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`),
    { remoteAddress: `${'ffff:'.repeat(7)}ffff`, remotePort: 65_535, encrypted: undefined },
  ],
  ['a line about an unknown client', line('PROXY UNKNOWN\r\n'), 'local'],
  ['a line about an unknown client, and more', line('PROXY UNKNOWN ffff::1 x 1 2\r\n'), 'local'],
  [
    'IPv4',
    binary(0x21, 0x11, ipv4),
    { remoteAddress: '192.0.2.1', remotePort: 56_324, encrypted: undefined },
  ],
  [
    'IPv6',
    binary(0x21, 0x21, ipv6),
    { remoteAddress: '2001:db8::1', remotePort: 56_324, encrypted: undefined },
  ],
  ["the proxy's own connection", binary(0x20, 0x00), 'local'],
  ["the proxy's own connection, whatever it says", binary(0x20, 0xff, [1, 2, 3]), 'local'],
  ['no family', binary(0x21, 0x00, field(0x04, [0, 0])), 'local'],
  ['a Unix socket', binary(0x21, 0x31, Buffer.alloc(216)), 'local'],
  [
    'fields to be skipped',
    binary(
      0x21,
      0x11,
      ipv4,
      field(0x01, [104, 50]),
      field(0x04, Array<number>(300).fill(0)),
      field(0xea, []),
    ),
    { remoteAddress: '192.0.2.1', remotePort: 56_324, encrypted: undefined },
  ],
  [
    'an encrypted connection',
    binary(0x21, 0x11, ipv4, field(0x20, [0x01, 0, 0, 0, 0, ...field(0x21, [84, 76, 83])])),
    { remoteAddress: '192.0.2.1', remotePort: 56_324, encrypted: true },
  ],
  [
    'a connection said not to be encrypted',
    binary(0x21, 0x11, ipv4, field(0x20, [0x00, 0, 0, 0, 1])),
    { remoteAddress: '192.0.2.1', remotePort: 56_324, encrypted: false },
  ],
]

for (const [what, header, source] of good)
  test(`parseProxyHeader reads ${what}, and not beyond`, () => {
    const withRest = Buffer.concat([header, line('GET / HTTP/1.1\r\n')])
    assert.deepEqual(parseProxyHeader(withRest), { source, length: header.length })
  })

test('parseProxyHeader waits until a header is complete', () => {
  for (const [what, header] of good)
    for (let length = 0; length < header.length; length++)
      assert.equal(parseProxyHeader(header.subarray(0, length)), undefined, `${what}: ${length} bytes`)
})

const bad: readonly [what: string, header: Buffer][] = [
  ['a request', line('GET / HTTP/1.1\r\n\r\n')],
  ['a TLS hello', Buffer.from([0x16, 0x03, 0x01])],
  ['lower case', line('proxy TCP4 192.0.2.1 198.51.100.2 56324 443\r\n')],
  ['another family', line('PROXY UDP4 192.0.2.1 198.51.100.2 56324 443\r\n')],
  ['two blanks', line('PROXY TCP4  192.0.2.1 198.51.100.2 56324 443\r\n')],
  ['a word too many', line('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 1\r\n')],
  ['a word too few', line('PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n')],
  ['an address that is none', line('PROXY TCP4 192.0.2.256 198.51.100.2 56324 443\r\n')],
  ['an address with leading zeros', line('PROXY TCP4 192.0.02.1 198.51.100.2 56324 443\r\n')],
  ['an address of the other family', line('PROXY TCP4 ::1 198.51.100.2 56324 443\r\n')],
  ['an address with a zone', line('PROXY TCP6 fe80::1%lo fe80::2 56324 443\r\n')],
  ['a port too high', line('PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n')],
  ['a port with leading zeros', line('PROXY TCP4 192.0.2.1 198.51.100.2 056 443\r\n')],
  ['a line that ends in LF alone', line(`PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n${'x'.repeat(80)}`)],
  ['a line too long', line(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`)],
  ['another version', binary(0x11, 0x11, ipv4)],
  ['another command', binary(0x22, 0x11, ipv4)],
  ['datagrams', binary(0x21, 0x12, ipv4)],
  ['addresses cut off', binary(0x21, 0x21, ipv4)],
  ['a field cut off', binary(0x21, 0x11, ipv4, [0x04, 0, 3, 1])],
  ['half the head of a field', binary(0x21, 0x11, ipv4, [0x04, 0])],
  ['an SSL field too short', binary(0x21, 0x11, ipv4, field(0x20, [1]))],
  ['more than 4 KB', binary(0x21, 0x11, ipv4, Buffer.alloc(4_096 - 16 - 12 + 1))],
]

for (const [what, header] of bad)
  test(`parseProxyHeader refuses ${what}`, () => {
    assert.throws(() => parseProxyHeader(header), MalformedProxyHeader)
  })

test('parseProxyHeader refuses what cannot become a header before it is complete', () => {
  assert.throws(() => parseProxyHeader(line('PROXX')), MalformedProxyHeader)
  assert.throws(() => parseProxyHeader(line(`${signature.slice(0, 5)}x`)), MalformedProxyHeader)
  assert.throws(() => parseProxyHeader(line(`${signature}\x21\x11\xff\xff`)), MalformedProxyHeader)
})

test('parseProxyHeader throws nothing else, whatever it is given', () => {
  const starts = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    'PROXY TCP6 ',
    signature,
    `${signature}\x21\x11`,
  )
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 300 }), (start, rest) => {
      const bytes = Buffer.concat([line(start), rest])
      try {
        const header = parseProxyHeader(bytes)
        assert.ok(header === undefined || header.length <= bytes.length)
      } catch (error) {
        assert.ok(error instanceof MalformedProxyHeader, String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})
