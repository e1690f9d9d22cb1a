// A part of a key as a name in a file system, also one that takes capitals for small letters.

/** Small letters without a capital form that means something else stay; `^a` is A; all else is `%` and its bytes. */
export function encodeSegment(segment: string): string {
  return Array.from(segment, encodeCharacter).join('')
}

function encodeCharacter(character: string): string {
  if (/^[a-z0-9._-]$/.test(character)) return character
  if (/^[A-Z]$/.test(character)) return `^${character.toLowerCase()}`
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
}

const encoded = /^(?:[a-z0-9._-]|\^[a-z]|%[0-9a-f]{2})+$/

/** The part that has this name; undefined for a name that is none of ours. */
export function decodeSegment(name: string): string | undefined {
  if (!encoded.test(name)) return undefined
  const plain = name.replaceAll(/\^([a-z])/g, (_mark, letter: string) => letter.toUpperCase())
  try {
    return decodeURIComponent(plain)
  } catch {
    return undefined
  }
}
