// What every app in the sessions suites keeps of a visitor, of which a request needs one field: about 4 KB of JSON, or 1 KB
// where it must fit into a cookie.

/** `type`, not `interface`: sessions want plain records. */
export type Visit = {
  name: string
  /** How often the visitor wrote. */
  count: number
  cart: { sku: string; quantity: number; note: string }[]
  seen: string[]
  preferences: Record<string, string>
}

export type Size = 'large' | 'small'

export function sizeOf(word: string | undefined): Size {
  return word === 'small' ? 'small' : 'large'
}

export function newVisit(name: string, size: Size): Visit {
  const { items, seen, letters } = size === 'large' ? large : small
  return {
    name,
    count: 0,
    cart: Array.from({ length: items }, (_nothing, index) => ({
      sku: `product-${index}`,
      quantity: index + 1,
      note: 'wrapped as a gift, with a card for the neighbours',
    })),
    seen: Array.from({ length: seen }, (_nothing, index) => `product-${index * 7}`),
    preferences: { language: 'en', currency: 'EUR', theme: 'dark', delivery: 'x'.repeat(letters) },
  }
}

const large = { items: 24, seen: 60, letters: 600 }
const small = { items: 6, seen: 15, letters: 150 }
