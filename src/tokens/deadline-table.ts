// A table of a million entries in a few tens of megabytes: 96-bit keys, a number each, gone after their deadline.

/** Three 32-bit words. */
export type TableKey = readonly [number, number, number]

/**
 * Words of an entry: the key's three, its deadline in seconds since the epoch (0: free), and its value, a whole number below 2^53, in two:
 * marks may be milliseconds since the epoch, which one word would cut.
 */
const entryWords = 6
const [deadlineAt, highAt, lowAt] = [3, 4, 5]
const wordRange = 2 ** 32
/** Each part grows by itself, so that none holds the loop for long: of a million entries, one has 16,000. */
export const parts = 64
const leastSlots = 16
/** Open addressing with linear probing stays short below this. */
const fullest = 0.5

/**
 * Bounded: what does not fit is not kept, and `set` says so. Memory is at most 96 bytes for each of `most` entries.
 * Keys are spread by their own randomness.
 */
export class DeadlineTable {
  readonly #most: number
  readonly #parts: Part[] = Array.from({ length: parts }, () => new Part())
  #size = 0
  #next = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Entries in memory, some perhaps over. */
  get size(): number {
    return this.#size
  }

  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.bytes, 0)
  }

  /** The value, or undefined when there is none or its deadline has come. */
  get(key: TableKey, nowS: number): number | undefined {
    return this.#partOf(key).get(key, nowS)
  }

  /** Keeps the later deadline and the higher value. False when the table is full. */
  set(key: TableKey, deadlineS: number, value: number, nowS: number): boolean {
    const part = this.#partOf(key)
    const before = part.size
    const wasThere = part.raise(key, deadlineS, value)
    // Twice in a second would find nothing new, and cost each revocation of a flood as much.
    if (!wasThere && this.#size >= this.#most && part.sweptS !== nowS) part.sweep(nowS)
    const hasRoom = this.#size - before + part.size < this.#most
    if (!wasThere && hasRoom) part.add(key, deadlineS, value, nowS)
    this.#size += part.size - before
    return wasThere || hasRoom
  }

  /** Lets go of what is over in one part, another one each time, so that the loop is never held for long. */
  sweepNext(nowS: number): void {
    const part = this.#parts[this.#next % parts]
    this.#next += 1
    const before = part?.size ?? 0
    part?.sweep(nowS)
    this.#size += (part?.size ?? 0) - before
  }

  #partOf(key: TableKey): Part {
    const part = this.#parts[key[2] & (parts - 1)]
    if (part === undefined) throw new RangeError('Cannot find a part of the table')
    return part
  }
}

class Part {
  size = 0
  /** When it was swept last. */
  sweptS = 0
  #words: Uint32Array = new Uint32Array(leastSlots * entryWords)

  get bytes(): number {
    return this.#words.byteLength
  }

  get(key: TableKey, nowS: number): number | undefined {
    const words = this.#words
    const at = slotOf(words, key[0], key[1], key[2])
    return (words[at + deadlineAt] ?? 0) > nowS ? valueOf(words, at) : undefined
  }

  /** Whether the key was there, so that its entry is now this one too. */
  raise([a, b, c]: TableKey, deadlineS: number, value: number): boolean {
    const words = this.#words
    const at = slotOf(words, a, b, c)
    const beforeS = words[at + deadlineAt] ?? 0
    if (beforeS === 0) return false
    words[at + deadlineAt] = Math.max(beforeS, deadlineS)
    if (value > valueOf(words, at)) writeValue(words, at, value)
    return true
  }

  /** A key that is not there. */
  add([a, b, c]: TableKey, deadlineS: number, value: number, nowS: number): void {
    if (this.size + 1 > (this.#words.length / entryWords) * fullest) this.sweep(nowS)
    const at = slotOf(this.#words, a, b, c)
    this.#words.set([a, b, c, deadlineS], at)
    writeValue(this.#words, at, value)
    this.size += 1
  }

  /** Moves what is not over to a table of the size that it needs. */
  sweep(nowS: number): void {
    const old = this.#words
    let kept = 0
    for (let at = deadlineAt; at < old.length; at += entryWords) if ((old[at] ?? 0) > nowS) kept += 1
    let slots = leastSlots
    // Room for half as many more, so that the next sweep is far.
    while (slots * fullest < kept * 1.5 + 1) slots *= 2
    const words = new Uint32Array(slots * entryWords)
    for (let at = 0; at < old.length; at += entryWords) {
      if ((old[at + deadlineAt] ?? 0) <= nowS) continue
      const to = slotOf(words, old[at] ?? 0, old[at + 1] ?? 0, old[at + 2] ?? 0)
      words.set(old.subarray(at, at + entryWords), to)
    }
    this.#words = words
    this.size = kept
    this.sweptS = nowS
  }
}

function valueOf(words: Uint32Array, at: number): number {
  return (words[at + highAt] ?? 0) * wordRange + (words[at + lowAt] ?? 0)
}

function writeValue(words: Uint32Array, at: number, value: number): void {
  words[at + highAt] = Math.floor(value / wordRange)
  words[at + lowAt] = value % wordRange
}

/** Where the key is, or the free place where it would be. There is always a free one. */
function slotOf(words: Uint32Array, a: number, b: number, c: number): number {
  const mask = words.length / entryWords - 1
  for (let slot = a & mask; ; slot = (slot + 1) & mask) {
    const at = slot * entryWords
    if (words[at + deadlineAt] === 0) return at
    if (words[at] === a && words[at + 1] === b && words[at + 2] === c) return at
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const sextets = new Uint8Array(128)
for (let at = 0; at < alphabet.length; at += 1) sextets[alphabet.charCodeAt(at)] = at

/** The 96 bits that 16 characters of base64url are, from `start` on. */
export function tableKey(text: string, start: number): TableKey {
  return [wordOf(text, start, 0), wordOf(text, start, 1), wordOf(text, start, 2)]
}

/** 5 characters are 30 bits; the sixteenth fills up the three words. */
function wordOf(text: string, start: number, which: number): number {
  let bits = 0
  for (let at = start + 5 * which, end = at + 5; at < end; at += 1) bits = (bits << 6) | sextetAt(text, at)
  return ((bits << 2) | ((sextetAt(text, start + 15) >> (2 * which)) & 3)) >>> 0
}

function sextetAt(text: string, at: number): number {
  return sextets[text.charCodeAt(at) & 127] ?? 0
}
