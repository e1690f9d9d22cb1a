// Where frames begin and end in one direction of a WebSocket (RFC 6455 section 5.2), told from their headers alone:
// payloads are counted, never copied, unmasked or read. Extensions are not our business, so RSV bits and reserved opcodes pass.

const finBit = 0x80
const opcodeBits = 0x0f
const controlBit = 0x08
const closeOpcode = 0x08
const maskBit = 0x80
const lengthBits = 0x7f
const longestControlPayload = 125

export class FrameFollower {
  #lost = false
  #inMessage = false
  #sawClose = false
  /** The first byte of the frame: FIN, RSV, opcode. */
  #opening = 0
  #headerRead = 0
  #headerSize = 2
  /** Bytes of the header that tell the length, beyond its second byte. */
  #lengthSize = 0
  /** Bytes of the payload still to come; while the header is read, its length as far as told. */
  #left = 0

  /** The framing is malformed: from here on nobody knows where a frame ends. */
  get lost(): boolean {
    return this.#lost
  }

  /** The last byte followed ended a frame, or none came yet: another frame may be put here. */
  get atFrameBoundary(): boolean {
    return this.#headerRead === 0 && !this.#lost
  }

  /** Fragments of a message have passed and its last is still to come; control frames may stand between them (section 5.4). */
  get inFragmentedMessage(): boolean {
    return this.#inMessage
  }

  /** A whole Close frame has passed. */
  get sawClose(): boolean {
    return this.#sawClose
  }

  /** Follows all of `bytes`. */
  follow(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at = this.advance(bytes, at));
  }

  /** Follows `bytes` from the offset `from` to the next frame boundary or to their end, and answers the offset reached. */
  advance(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length && !this.#lost) {
      if (this.#headerRead < this.#headerSize) {
        this.#readHeader(bytes[at] ?? 0)
        at++
      } else {
        const passed = Math.min(this.#left, bytes.length - at)
        this.#left -= passed
        at += passed
      }
      if (this.#headerRead === this.#headerSize && this.#left === 0 && !this.#lost) {
        this.#endFrame()
        return at
      }
    }
    return this.#lost ? bytes.length : at
  }

  #readHeader(byte: number): void {
    const index = this.#headerRead
    this.#headerRead++
    if (index === 0) this.#opening = byte
    else if (index === 1) this.#readLengthCode(byte)
    else if (index < 2 + this.#lengthSize) {
      // Section 5.2: the most significant bit of a length of 64 bits must be 0.
      if (index === 2 && this.#lengthSize === 8 && byte >= 0x80) this.#lost = true
      // Beyond 2^53 the number is inexact, and no frame of that size ever ends.
      this.#left = this.#left * 256 + byte
    }
  }

  #readLengthCode(byte: number): void {
    const code = byte & lengthBits
    this.#lengthSize = code === 126 ? 2 : code === 127 ? 8 : 0
    this.#left = this.#lengthSize === 0 ? code : 0
    this.#headerSize = 2 + this.#lengthSize + ((byte & maskBit) === 0 ? 0 : 4)
    // Section 5.5: a control frame is short and in one piece.
    const isControl = (this.#opening & controlBit) !== 0
    if (isControl && (code > longestControlPayload || (this.#opening & finBit) === 0)) this.#lost = true
  }

  #endFrame(): void {
    const opcode = this.#opening & opcodeBits
    if (opcode === closeOpcode) this.#sawClose = true
    if ((opcode & controlBit) === 0) this.#inMessage = (this.#opening & finBit) === 0
    this.#headerRead = 0
    this.#headerSize = 2
  }
}
