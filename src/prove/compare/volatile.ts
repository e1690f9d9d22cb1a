// What changes between two answers of one stateless server, by the look of it: times, durations, the time stamps in tokens. Known by type,
// and not only where two baselines happened to differ: within one second they do not.

/** The text with what is volatile replaced by what it is. `nowMs`: when it was answered, in milliseconds since the epoch. */
export function settle(text: string, nowMs: number): string {
  if (!/[\d:]|ago|now/.test(text)) return text
  const plain = patterns.reduce(
    (so, [pattern, name]) => so.replaceAll(pattern, name),
    settleTokens(text, nowMs),
  )
  return plain.replaceAll(epoch, (digits: string) => (isNearNow(digits, nowMs) ? '‹time›' : digits))
}

const weekday = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*'
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*'
const clock = String.raw`\d{1,2}[:.]\d\d(?:[:.]\d\d(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?`
const zone = String.raw`(?:\s?(?:GMT|UTC|Z)?(?:[+-]\d\d:?\d\d)?(?:\s\([^)\n]{1,60}\))?)`

const patterns: readonly (readonly [RegExp, string])[] = [
  [
    /\d{4}-\d\d-\d\d(?:T|\s|%20|\+)\d\d(?::|%3A)\d\d(?:(?::|%3A)\d\d(?:[.,]\d+)?)?(?:Z|\s?[+-]\d\d:?\d\d)?/gi,
    '‹time›',
  ],
  [
    new RegExp(
      `(?:${weekday},?\\s)?(?:\\d{1,2}(?:st|nd|rd|th)?[\\s-]${month}|${month}\\s\\d{1,2}(?:st|nd|rd|th)?),?[\\s-]\\d{4},?(?:\\sat)?\\s${clock}${zone}`,
      'g',
    ),
    '‹time›',
  ],
  [new RegExp(`\\b\\d{1,4}[./-]\\d{1,2}[./-]\\d{2,4},?\\s${clock}${zone}`, 'g'), '‹time›'],
  [/(?<![\d:.])\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?![\d:])(?:\s?[AaPp]\.?[Mm]\.?)?/g, '‹time›'],
  [
    /\b(?:just now|(?:an?|a few|less than a|\d+)\s(?:moments?|seconds?|secs?|minutes?|mins?)\sago)\b/gi,
    '‹ago›',
  ],
  [
    /(?<![\w.])\d+(?:[.,]\d+)?\s?(?:ms|µs|μs|ns|s|sec|secs|seconds?|milliseconds?|msec)(?![\w-])/g,
    '‹duration›',
  ],
]

/** Whole numbers and fractions of ten digits (seconds) or thirteen (milliseconds), also within names such as `1790000000123-photo.png`. */
const epoch = /(?<![\d.])\d{10}(?:\d{3})?(?:\.\d+)?(?!\d)/g

const dayMs = 86_400_000

/** Tokens and cookies end up to a year ahead. */
function isNearNow(digits: string, nowMs: number): boolean {
  const value = Number.parseFloat(digits)
  const ms = digits.split('.')[0]?.length === 10 ? value * 1000 : value
  return ms > nowMs - 2 * dayMs && ms < nowMs + 400 * dayMs
}

const jwt = /\beyJ[\w-]{8,}\.(eyJ[\w-]*)\.[\w-]*/g

/** Claims that tell when or which, and not who or what (RFC 7519 section 4.1). */
const volatileClaims: ReadonlySet<string> = new Set(['iat', 'exp', 'nbf', 'jti', 'auth_time', 'at_hash'])

function settleTokens(text: string, nowMs: number): string {
  if (!text.includes('eyJ')) return text
  return text.replaceAll(jwt, (token: string, payload: string) => {
    const claims = parse(Buffer.from(payload, 'base64url').toString('utf8'))
    if (typeof claims !== 'object' || claims === null) return token
    const lasting = Object.entries(claims).filter(([name]) => !volatileClaims.has(name))
    return `‹jwt› ${settle(JSON.stringify(Object.fromEntries(lasting)), nowMs)} ‹jwt›`
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const measureNames =
  /^(?:uptime|rss|heap|external|arraybuffers|memory|mem|cpu|load|elapsed|duration|took|latency|response_?time|exec(?:ution)?_?time|processing_?time|free_?mem|total_?mem|event_?loop)/i

/** Whether a JSON key says that its numbers are measurements of the process or of the moment. */
export function isMeasure(key: string): boolean {
  return measureNames.test(key)
}
