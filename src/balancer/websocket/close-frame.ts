// The Close frame with which the balancer ends a WebSocket (RFC 6455 section 5.5.1).

/** Section 7.4.1: an endpoint is going away, such as a server going down. */
export const goingAway = 1001

/**
 * Writes a Close frame. `reason`: at most 123 bytes of UTF-8. `mask`: four bytes nobody can foresee, for a frame to the
 * server; a frame to the client has none (section 5.1).
 * @throws RangeError for a longer reason or another mask
 */
export function writeCloseFrame(code: number, reason: string, mask?: Buffer): Buffer {
  const size = 2 + Buffer.byteLength(reason)
  if (size > 125) throw new RangeError(`Cannot write a Close frame: its payload of ${size} bytes exceeds 125`)
  if (mask !== undefined && mask.length !== 4)
    throw new RangeError(`Cannot write a Close frame: a mask of ${mask.length} bytes is not one of 4`)
  const start = mask === undefined ? 2 : 6
  const frame = Buffer.alloc(start + size)
  frame.writeUInt8(0x88, 0)
  frame.writeUInt8(mask === undefined ? size : 0x80 | size, 1)
  frame.writeUInt16BE(code, start)
  frame.write(reason, start + 2)
  if (mask !== undefined) {
    mask.copy(frame, 2)
    for (let at = 0; at < size; at++) frame[start + at] = (frame[start + at] ?? 0) ^ (mask[at % 4] ?? 0)
  }
  return frame
}
