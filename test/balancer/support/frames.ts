// Frames for tests: any there can be, encoded and split in any way.
import fc from 'fast-check'

export interface Frame {
  readonly fin: boolean
  readonly opcode: number
  readonly size: number
  readonly masked: boolean
  /** RSV1 to RSV3. */
  readonly reserved?: number
  /** Writes the length in more bytes than it needs, as a careless sender does. */
  readonly wide?: boolean
}

export function encodeFrame({ fin, opcode, size, masked, reserved = 0, wide = false }: Frame): Buffer {
  const opening = Buffer.of((fin ? 0x80 : 0) | (reserved << 4) | opcode)
  const mask = masked ? Buffer.of(1, 2, 3, 4) : Buffer.alloc(0)
  // A payload that looks like headers, of Close frames among others.
  return Buffer.concat([opening, encodeLength(size, masked ? 0x80 : 0, wide), mask, Buffer.alloc(size, 0x88)])
}

function encodeLength(size: number, maskBit: number, wide: boolean): Buffer {
  if (size < 126 && !wide) return Buffer.of(maskBit | size)
  if (size < 65_536 && !(wide && size >= 126)) return Buffer.of(maskBit | 126, size >> 8, size & 0xff)
  const length = Buffer.alloc(9)
  length.writeUInt8(maskBit | 127)
  length.writeBigUInt64BE(BigInt(size), 1)
  return length
}

const anyDataFrame: fc.Arbitrary<Frame> = fc.record({
  fin: fc.boolean(),
  opcode: fc.integer({ min: 0, max: 7 }),
  size: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000)),
  masked: fc.boolean(),
  reserved: fc.integer({ min: 0, max: 7 }),
  wide: fc.boolean(),
})

const anyControlFrame: fc.Arbitrary<Frame> = fc.record({
  fin: fc.constant(true),
  opcode: fc.constantFrom(8, 9, 10, 11),
  size: fc.integer({ min: 0, max: 125 }),
  masked: fc.boolean(),
  reserved: fc.integer({ min: 0, max: 7 }),
})

export const anyFrames: fc.Arbitrary<Frame[]> = fc.array(fc.oneof(anyDataFrame, anyControlFrame), {
  maxLength: 8,
})

/** Where a stream is cut, as shares of its length. */
export const anySplit: fc.Arbitrary<number[]> = fc.array(
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  { maxLength: 20 },
)

export function splitAt(stream: Buffer, shares: readonly number[]): Buffer[] {
  const offsets = [0, ...shares.map((share) => Math.floor(share * stream.length)), stream.length]
  offsets.sort((one, other) => one - other)
  return offsets.slice(1).map((end, index) => stream.subarray(offsets[index], end))
}
