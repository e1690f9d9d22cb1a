// A rate limiter shows only past its limit. A flow that stays below it is asked again with requests repeated until one instance refuses:
// where each instance counts for itself, several refuse later.
import { asksAnew, type Schedule } from './drive/schedule.ts'
import { remainingSteps } from './compare/limiter.ts'
import { routeName, routeOf } from './compare/routes.ts'
import { isSafeRead } from './final-reads.ts'
import type { Difference } from './finding.ts'
import type { Flow, HttpStep, Step } from './flow/flow.ts'
import type { Observation, Trace } from './trace.ts'

/** Just above the limits that are usual for pages and APIs, and for attempts to log in. */
const readsEach = 105
const writesEach = 25
const readRoutesAtMost = 2
const writeRoutesAtMost = 2

/** All that is asked of one route takes so long at most, by what it took alone: nothing that waits is repeated, such as a stream of events. */
const routeMs = 6000
/** Fewer come to no limit. */
const fewest = 10

/**
 * The flow, and after it some of its requests many times. `alone`: what one instance answered to it. Undefined where none may be repeated, and
 * where the flow itself shows limits: those were compared.
 */
export function hammered(flow: Flow, alone: Trace): Flow | undefined {
  const observations = alone.observations.filter(({ step }) => step < flow.steps.length)
  if (showsLimits(flow, { ...alone, observations })) return undefined
  const writes = ofEachRoute(flow, isRepeatedWrite, ({ path }) => (isAttempt.test(path) ? 0 : 1))
  const reads = ofEachRoute(flow, isSafeRead, ({ path }) => (isAside.test(path) ? 1 : 0))
  const affordable = (steps: readonly HttpStep[], routes: number, wanted: number): readonly Step[] =>
    steps
      .map((step) => ({
        step,
        count: Math.min(wanted, Math.floor(routeMs / quickest(flow, observations, step))),
      }))
      .filter(({ count }) => count >= fewest)
      .slice(0, routes)
      .flatMap(({ step, count }) => repeated(step, count))
  const again = [
    ...affordable(writes, writeRoutesAtMost, writesEach),
    ...affordable(reads, readRoutesAtMost, readsEach),
  ]
  return again.length === 0 ? undefined : { ...flow, steps: [...flow.steps, ...again] }
}

/** Milliseconds that the route of a step takes once it is warm; Infinity where it does not end by itself. */
function quickest(flow: Flow, observations: readonly Observation[], step: HttpStep): number {
  const route = routeName(step.method, step.path)
  const own = observations.filter((one) => routeOf(flow, one.step) === route)
  const hasEnd = own.every(
    ({ status, headers }) => status > 0 && headers['content-type']?.[0]?.includes('event-stream') !== true,
  )
  return hasEnd ? Math.max(1, Math.min(...own.map(({ durationMs }) => durationMs))) : Infinity
}

const isAttempt = /log-?in|sign-?in|auth|session|password|otp|code|verify|token|register|sign-?up/i
const isAside = /health|status|ready|live|metrics|favicon|docs|\.\w+$/i

function isRepeatedWrite(step: Step): step is HttpStep {
  if (step.kind !== 'http' || step.method.toUpperCase() !== 'POST') return false
  return step.body?.kind !== 'multipart' && !/log-?out|sign-?out|delete|remove|reset/i.test(step.path)
}

/** The last of each route, which has what a visitor may have by then; the likeliest to be limited first. */
function ofEachRoute(
  flow: Flow,
  isMeant: (step: Step) => step is HttpStep,
  rank: (step: HttpStep) => number,
): readonly HttpStep[] {
  const last = new Map<string, HttpStep>()
  for (const [index, step] of flow.steps.entries()) if (isMeant(step)) last.set(routeOf(flow, index), step)
  return [...last.values()].toSorted((one, other) => rank(one) - rank(other))
}

function repeated(step: HttpStep, count: number): readonly Step[] {
  const expect = { status: undefined, includes: undefined }
  const again = { ...step, capture: {}, expect, origin: `${step.origin}, again and again` }
  return withAgain({ clients: [], steps: [] }, again, count).steps
}

/** A step of a flow that one instance refused in the end. */
export interface Refused {
  readonly step: HttpStep
  /** How often it was asked past the flow, the refusal included. */
  readonly times: number
  /** How often anything was, which may have counted too. */
  readonly timesAny: number
}

/** Of what one instance answered to a hammered flow, whose first `own` steps are the flow itself; undefined where it refused nothing. */
export function firstRefused(asked: Flow, own: number, { observations }: Trace): Refused | undefined {
  const served = new Set<string>()
  for (const observation of observations) {
    const { step: index } = observation
    const step = asked.steps[index]
    const route = routeOf(asked, index)
    if (!isRefusal(observation)) served.add(route)
    else if (index >= own && served.has(route) && step?.kind === 'http') {
      const times = asked.steps.slice(own, index + 1).filter((one) => one === step).length
      return { step, times, timesAny: index + 1 - own }
    }
  }
  return undefined
}

/** The flow, and after it that step so many times. */
export function withAgain(flow: Flow, step: HttpStep, count: number): Flow {
  return { ...flow, steps: [...flow.steps, ...Array.from({ length: count }, () => step)] }
}

/** By refusing, or by telling more than once what is left. */
function showsLimits(flow: Flow, alone: Trace): boolean {
  return alone.observations.some(isRefusal) || remainingSteps(alone, flow).steps.length > 1
}

function isRefusal({ status, headers, body }: Observation): boolean {
  if (status === 429) return true
  if (status !== 403 && status !== 423 && status !== 503) return false
  const said = Buffer.from(body.subarray(0, 2000)).toString('utf8')
  return (
    headers['retry-after'] !== undefined || /too many|limit|slow down|attempts|locked|throttl/i.test(said)
  )
}

/** A restart before the repetition begins, so that they are counted from there, and one just before the request that is refused. */
export function restartBeforeRefusal(flow: Flow, own: number): Schedule {
  const last = flow.steps.length - 1
  return flow.steps.map((step, index) => {
    return { instance: 1, restart: asksAnew(step) && index > 0 && (index === own || index === last) }
  })
}

/** Whether a difference of a hammered flow tells of a limit: all else the flow itself would have shown. */
export function isOfLimit({ step, where }: Difference, own: number): boolean {
  return step >= own && where === 'status'
}
