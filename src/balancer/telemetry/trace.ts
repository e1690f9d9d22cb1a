// How a request fared, told in the response header `x-drover-trace` to a client on loopback that asked for it.
import { isLoopback } from '../../base/loopback.ts'
import type { AttemptRecord, ExchangeRecord } from '../exchange/record.ts'

/** A structured field list (RFC 9651) of at most this many bytes, all of them printable ASCII. */
const maxLength = 1_024
const maxInstanceLength = 64
const maxWhyLength = 160
/** Room for the member that stands for attempts left out. */
const earlierLength = 32

/** By these a proxy tells that the client is somebody behind it. */
const proxyFields: ReadonlySet<string> = new Set(['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'])

/**
 * Whether a request that asks may be told: its client is on this machine, and is not a proxy that speaks for somebody
 * else. Proxies believed or not, the answer is the same: their mark can only make it a no.
 */
export function mayExplain(remoteAddress: string, rawHeaders: readonly string[]): boolean {
  if (!isLoopback(remoteAddress)) return false
  return !rawHeaders.some((name, index) => index % 2 === 0 && proxyFields.has(name.toLowerCase()))
}

/**
 * What became of the request so far, oldest attempt first: the header leaves with the head of the answer, when the last
 * attempt is still under way. Of too many attempts the last are told.
 */
export function explain(record: ExchangeRecord, nowMs: number): string {
  const request = `request;id="${printable(record.requestId, 128)}";queue=${decimal(record.queueMs)}`
  let told = ''
  let left = record.attempts.length
  for (const attempt of record.attempts.toReversed()) {
    const member = `, ${describe(attempt, nowMs)}`
    if (request.length + member.length + told.length > maxLength - earlierLength) break
    told = member + told
    left--
  }
  return request + (left > 0 ? `, earlier;attempts=${left}` : '') + told
}

function describe(attempt: AttemptRecord, nowMs: number): string {
  const over = attempt.endedMs > 0
  const ms = decimal((over ? attempt.endedMs : nowMs) - attempt.startedMs)
  const outcome = over ? attempt.outcome : 'under-way'
  const why = attempt.why === '' ? '' : `;why="${printable(attempt.why, maxWhyLength)}"`
  const instance = printable(attempt.instance, maxInstanceLength)
  return `attempt;instance="${instance}";outcome=${outcome};progress=${attempt.progress};ms=${ms}${why}`
}

/** Milliseconds to the hundredth. */
function decimal(ms: number): string {
  return ms.toFixed(2)
}

/** The inside of a quoted string: what cannot stand there becomes `?`. */
function printable(text: string, length: number): string {
  return text
    .slice(0, length)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .replaceAll(/["\\]/g, "'")
}
