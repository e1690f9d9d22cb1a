// Values for fields that somebody must fill in: the same for the same seed, and right for their names and bounds.
import { hash } from 'node:crypto'

export interface Bounds {
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/** Who fills in: two of the same seed have different names. */
export interface Person {
  readonly seed: number
  readonly name: string
}

/** Six letters that hardly anybody has taken. */
export function mark({ seed, name }: Person): string {
  const digits = hash('sha256', `${seed} ${name}`, 'hex').slice(0, 6).split('')
  return digits
    .map((digit, index) =>
      (index % 2 === 0 ? 'bcdfghjklmnpqrst' : 'aeiouaeiouaeioua').charAt(Number.parseInt(digit, 16)),
    )
    .join('')
}

/** Passes the usual rules: 8 letters or more of every sort. */
export const password: string = 'Drover-7proof!'

const texts: readonly (readonly [RegExp, (who: Person) => string])[] = [
  [/e-?mail/i, (who) => `${mark(who)}@example.com`],
  [/pass(?:word|wd|phrase)?|pwd/i, () => password],
  [/user_?name|login|nick|handle|account|^user$/i, (who) => mark(who)],
  [/first_?name|given/i, () => 'Ann'],
  [/last_?name|surname|family/i, () => 'Drover'],
  [/phone|mobile|^tel$/i, () => '+41441234567'],
  [/url|link|website|homepage|href/i, (who) => `https://example.com/${mark(who)}`],
  [/date_?time|_at$|timestamp/i, () => '2030-05-17T10:30:00.000Z'],
  [/date|(?:^|_)day$|birth|^due/i, () => '2030-05-17'],
  [/^time$/i, () => '10:30'],
  [/zip|post(?:al)?_?code/i, () => '8001'],
  [/country/i, () => 'CH'],
  [/city|town/i, () => 'Zurich'],
  [/street|address/i, () => 'Main Street 1'],
  [/colou?r/i, () => '#336699'],
  [/currency/i, () => 'EUR'],
  [
    /(?:^|[a-z_-])(?:price|amount|total|cost|quantity|qty|number|rating|score|year|stock)$|(?:^|_)(?:age|count)$/i,
    () => '7',
  ],
  [/card_?number|^card$/i, () => '4242424242424242'],
  [/^lang|locale/i, () => 'en'],
  [/slug/i, (who) => `proof-${mark(who)}`],
  [/title|name|label|subject/i, (who) => `Proof ${mark(who)}`],
]

/** A text for a field of this name. */
export function textFor(name: string, who: Person, bounds: Bounds = {}): string {
  const make = texts.find(([pattern]) => pattern.test(name))?.[1]
  return fitted(make?.(who) ?? `A proof by ${mark(who)}`, bounds)
}

export function fitted(text: string, { minLength = 0, maxLength }: Bounds): string {
  const long =
    text.length < minLength
      ? text + 'abcdefgh1'.repeat(Math.ceil((minLength - text.length) / 9)).slice(0, minLength - text.length)
      : text
  return maxLength !== undefined && maxLength >= 0 ? long.slice(0, maxLength) : long
}

/** A whole number within the bounds: 2, or as near to it as they allow. */
export function numberFor({ min, max }: Bounds): number {
  const low = Math.max(2, Math.ceil(min ?? 2))
  return max === undefined ? low : Math.min(low, Math.floor(max))
}

export const numeric: RegExp =
  /(?:^|[a-z_-])(?:price|amount|total|cost|quantity|qty|number|rating|score|year|stock|balance)$|(?:^|_)(?:age|count)$|(?:Age|Count)$/
