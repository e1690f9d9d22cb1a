// What rate limiters say they have left. The figures depend on the time and on what was asked before; the way they go does not.
import type { Flow } from '../flow/flow.ts'
import type { Observation, Trace } from '../trace.ts'

export interface Remaining {
  /** Indices of the steps whose answers told what is left, and what it was. */
  readonly steps: readonly { readonly step: number; readonly remaining: number; readonly change: number }[]
  /** All changes, as one word. */
  readonly shape: string
}

/** How what is left changed from each answer to the next of the same limit. */
export function remainingSteps(trace: Trace, flow: Flow): Remaining {
  const last = new Map<string, number>()
  const steps = trace.observations.flatMap((observation) => {
    const left = remainingOf(observation)
    if (left === undefined || flow.steps[observation.step]?.kind !== 'http') return []
    const change = left.remaining - (last.get(left.limit) ?? left.remaining)
    last.set(left.limit, left.remaining)
    return [{ step: observation.step, remaining: left.remaining, change }]
  })
  return { steps, shape: steps.map(({ step, change }) => `${step}:${change}`).join(' ') }
}

/** RateLimit-Remaining and its X- form; and the RateLimit field of the IETF drafts: `remaining=9` up to 7, `"default";r=9` from 8 on. */
function remainingOf({ headers }: Observation): { limit: string; remaining: number } | undefined {
  const combined = headers['ratelimit']?.[0] ?? ''
  const own = headers['ratelimit-remaining']?.[0] ?? headers['x-ratelimit-remaining']?.[0]
  const remaining = own ?? /(?:remaining|r)=(\d+)/.exec(combined)?.[1]
  if (remaining === undefined || !/^\d+$/.test(remaining.trim())) return undefined
  const limit =
    headers['ratelimit-limit']?.[0] ?? headers['x-ratelimit-limit']?.[0] ?? combined.split(/[;,]/)[0] ?? ''
  return { limit, remaining: Number(remaining) }
}
