// A session as apps keep them: a few short fields and one longer one, about 300 B of JSON.

/** `type`, not `interface`: sessions want plain records. */
export type Sample = {
  locale: string
  basket: { sku: string; quantity: number }[]
  seen: string[]
  returnTo: string
}

export function sample(): Sample {
  return {
    locale: 'en-GB',
    basket: [
      { sku: 'kettle-steel-1l', quantity: 1 },
      { sku: 'cup-blue-large', quantity: 4 },
    ],
    seen: ['kettle-steel-1l', 'kettle-glass-2l', 'cup-blue-large', 'tray-oak-small', 'spoon-set-of-6'],
    returnTo: '/kitchen/kettles?sort=price&page=2',
  }
}

/** What the list of a principal's sessions shows of where they signed in. */
export const signedInFrom = { device: 'Firefox on Linux', ip: '203.0.113.7' } as const
