// What every app in the sessions suite keeps of a visitor: about 4 KB of JSON, of which a request needs one field.

/** `type`, not `interface`: sessions want plain records. */
export type Visit = {
  name: string
  /** How often the visitor wrote. */
  count: number
  cart: { sku: string; quantity: number; note: string }[]
  seen: string[]
  preferences: Record<string, string>
}

export function newVisit(name: string): Visit {
  return {
    name,
    count: 0,
    cart: Array.from({ length: 24 }, (_nothing, index) => ({
      sku: `product-${index}`,
      quantity: index + 1,
      note: 'wrapped as a gift, with a card for the neighbours',
    })),
    seen: Array.from({ length: 60 }, (_nothing, index) => `product-${index * 7}`),
    preferences: { language: 'en', currency: 'EUR', theme: 'dark', delivery: 'x'.repeat(600) },
  }
}
