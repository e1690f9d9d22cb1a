// Whether a flow can judge the app at all: what it does on one instance, and whether that is the same each time.
import { instability, type Noise } from './compare/noise.ts'
import type { Difference } from './finding.ts'
import type { Flow, HttpStep } from './flow/flow.ts'
import { substitute } from './flow/variables.ts'
import type { Observation, Trace } from './trace.ts'

/** Above this part of the steps, answers that fail or vary by themselves leave too little to judge. */
const badPartAtMost = 1 / 3

/** Why the flow, of which `own` steps were asked for, fails on one instance, in one sentence; undefined when it does what it should. */
export function flowFailure(flow: Flow, own: number, trace: Trace): string | undefined {
  const observations = trace.observations.filter(({ step }) => step < own)
  const failures = observations.flatMap((observation) => {
    const problem = stepFailure(flow, observation, trace)
    return problem === undefined ? [] : [{ ...problem, step: observation.step }]
  })
  const grave = failures.find(({ isGrave }) => isGrave)
  const first = grave ?? (failures.length > observations.length * badPartAtMost ? failures[0] : undefined)
  if (first === undefined) return undefined
  return `the flow fails on one instance: ${stepName(flow, first.step)} ${first.said}`
}

/** A sentence for each step that fails by itself, though the rest can be judged. */
export function failedSteps(flow: Flow, own: number, trace: Trace): readonly string[] {
  return trace.observations.flatMap((observation) => {
    const problem = stepFailure(flow, observation, trace)
    return problem === undefined || observation.step >= own
      ? []
      : [`${stepName(flow, observation.step)} ${problem.said} on one instance`]
  })
}

interface StepFailure {
  /** The flow says what should have come, or nothing came. */
  readonly isGrave: boolean
  readonly said: string
}

function stepFailure(flow: Flow, observation: Observation, trace: Trace): StepFailure | undefined {
  const step = flow.steps[observation.step]
  if (step === undefined || step.kind === 'wait') return undefined
  const { status, error } = observation
  if (status === 0) return { isGrave: true, said: `got no answer (${error ?? 'unknown'})` }
  if (step.kind !== 'http') return undefined
  const { includes } = step.expect
  const captured = includes?.includes('${') === true ? capturedUpTo(trace, observation.step) : {}
  return httpFailure(step, observation, includes && substitute(includes, captured))
}

function capturedUpTo(trace: Trace, step: number): Readonly<Record<string, string>> {
  const captured: Record<string, string> = {}
  for (const one of trace.observations) if (one.step < step) Object.assign(captured, one.captured)
  return captured
}

function httpFailure(
  { expect }: HttpStep,
  { status, body }: Observation,
  includes: string | undefined,
): StepFailure | undefined {
  if (expect.status !== undefined && expect.status !== status)
    return { isGrave: true, said: `answered ${status}, not ${expect.status}` }
  if (includes !== undefined && !Buffer.from(body).toString('utf8').includes(includes))
    return { isGrave: true, said: `answered without ${JSON.stringify(includes)}` }
  if (expect.status === undefined && status >= 500) return { isGrave: false, said: `answered ${status}` }
  return undefined
}

/** Longer ones would show nothing more of what changes as time goes by. */
const pauseAtMostMs = 3000

/** What went by before each step of a run since the one before was answered, by the step. */
function pausesOf({ observations }: Trace): ReadonlyMap<number, number> {
  return new Map(
    observations.slice(1).map(({ step, startedAtMs }, index): [number, number] => {
      const before = observations[index]
      const pause = before === undefined ? 0 : startedAtMs - before.startedAtMs - before.durationMs
      return [step, Math.min(pauseAtMostMs, Math.ceil(Math.max(0, pause)))]
    }),
  )
}

/** In which every count of seconds changes. */
const overASecondMs = 1_100

/**
 * The pauses that restarts made in a run, for one instance alone: what changes by itself meanwhile, such as the age of a token, is not their doing.
 * Before a step where a number differs they are longer than a second: within less, an age may stay the same by chance.
 */
export function restartPauses(run: Trace, differences: readonly Difference[]): ReadonlyMap<number, number> {
  const pauses = new Map(pausesOf(run))
  for (const { step } of differences.filter(differsInNumbers))
    pauses.set(step, Math.max(overASecondMs, pauses.get(step) ?? 0))
  return pauses
}

function differsInNumbers({ expected, actual }: Difference): boolean {
  const [one, other] = [expected, actual].map((text) => text.replace(/\d+/g, '0'))
  return one === other
}

/** Why baselines leave nothing to compare with; undefined when they do. */
export function tooUnstable(noise: Noise): string | undefined {
  const { ignored, steps } = instability(noise)
  if (steps === 0 || ignored <= steps * badPartAtMost) return undefined
  return `one instance alone answers ${ignored} of ${steps} steps with another status from run to run`
}

/** As a person finds it again: `step 4, POST /cart (checkout.yaml:12),`. */
export function stepName(flow: Flow, index: number): string {
  const step = flow.steps[index]
  if (step === undefined || step.kind === 'wait') return `step ${index + 1}`
  const what = step.kind === 'http' ? `${step.method} ${step.path}` : `WebSocket ${step.action.do}`
  return `step ${index + 1}, ${what} (${step.origin}),`
}
