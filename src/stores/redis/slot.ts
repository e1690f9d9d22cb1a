// Which of a Cluster's 16,384 slots a key belongs to (Redis Cluster specification, "Key distribution model").

export const slotCount = 16_384

/** CRC-16/XMODEM of each byte value: polynomial 0x1021, nothing reflected. */
const crcTable = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  return crc
})

/** Only what stands between the first `{` and the next `}` counts, unless that is nothing. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open === -1 ? -1 : key.indexOf('}', open + 1)
  const counted = close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(counted)) {
    crc = ((crc << 8) & 0xffff) ^ (crcTable[(crc >> 8) ^ byte] ?? 0)
  }
  return crc % slotCount
}
