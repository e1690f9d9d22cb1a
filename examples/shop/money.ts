// How an amount in cents is written for people.
const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })

export function money(cents: number): string {
  return euros.format(cents / 100)
}
