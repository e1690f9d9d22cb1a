// The first request of tests that was answered otherwise than on one instance. Pure.
import { routeName } from '../compare/routes.ts'
import type { Exchange } from './recording.ts'

export interface Otherwise {
  /** With several instances, or after a restart. */
  readonly there: Exchange
  /** The same request on one instance. */
  readonly alone: Exchange
  readonly where: 'status' | 'header location' | 'body'
  /** As short text. */
  readonly expected: string
  readonly actual: string
}

/**
 * `alone`: runs on one instance that passed, at least two; where they disagree, nothing is told. `there`: runs that failed; all must have
 * it. A request is the same when its client-independent route comes for the same time.
 */
export function firstOtherwise(
  alone: readonly (readonly Exchange[])[],
  there: readonly (readonly Exchange[])[],
): Otherwise | undefined {
  const references = alone.map(byTurn)
  const others = there.slice(1).map(byTurn)
  for (const [turn, exchange] of byTurn(there[0] ?? [])) {
    const expected = references.map((run) => run.get(turn))
    const again = others.map((run) => run.get(turn))
    for (const where of ['status', 'header location', 'body'] as const) {
      const [known, ...rest] = expected.map((one) => one && valueAt(one, where))
      const [reference] = expected
      if (known === undefined || reference === undefined || rest.some((value) => value !== known)) break
      const isOther = (one: Exchange | undefined) => one !== undefined && valueAt(one, where) !== known
      if (![exchange, ...again].every(isOther)) continue
      return { there: exchange, alone: reference, where, ...shown(reference, exchange, where) }
    }
  }
  return undefined
}

/** Exchanges by route and how many of it came before, in their order. */
function byTurn(exchanges: readonly Exchange[]): ReadonlyMap<string, Exchange> {
  const counts = new Map<string, number>()
  return new Map(
    exchanges.map((exchange) => {
      const route = routeName(exchange.entry.request.method, exchange.path)
      const count = (counts.get(route) ?? 0) + 1
      counts.set(route, count)
      return [`${route} ${count}`, exchange]
    }),
  )
}

function valueAt({ entry: { response } }: Exchange, where: Otherwise['where']): string {
  if (where === 'status') return String(response.status)
  return where === 'body' ? response.content.text : locationOf(response.headers)
}

function locationOf(headers: Exchange['entry']['response']['headers']): string {
  return headers.find(({ name }) => name.toLowerCase() === 'location')?.value ?? ''
}

function shown(
  alone: Exchange,
  there: Exchange,
  where: Otherwise['where'],
): { readonly expected: string; readonly actual: string } {
  const [expected, actual] = [valueAt(alone, where), valueAt(there, where)]
  if (where === 'status') return { expected: statusText(alone), actual: statusText(there) }
  if (where === 'header location') return { expected: nonEmpty(expected), actual: nonEmpty(actual) }
  const start = Math.max(0, firstUnequal(expected, actual) - bytesBefore)
  const part = (text: string) => nonEmpty(text.slice(start, start + bytesShown))
  return { expected: part(expected), actual: part(actual) }
}

const bytesBefore = 20
const bytesShown = 90

function statusText({ entry: { response } }: Exchange): string {
  if (response.status === 0) return 'no answer'
  const location = locationOf(response.headers)
  return location === '' ? String(response.status) : `${response.status} to ${location}`
}

function nonEmpty(text: string): string {
  return text.trim() === '' ? '(nothing)' : text
}

function firstUnequal(one: string, other: string): number {
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return at
}
