// The user's own tests as a source of a proof: what they show by themselves, and the flow that they recorded.
import type { AppSpec, Starter } from '../app/servers.ts'
import { parseHar } from '../flow/har/har.ts'
import type { Progress } from '../request.ts'
import type { SourcedFlow } from '../flow-source.ts'
import { judgeTests, type TestsJudgement } from './judge-tests.ts'
import { recordedOrigin, TestsLaboratory } from './laboratory.ts'
import { harOf } from './recording.ts'

export interface OwnTestsParts {
  readonly app: AppSpec
  readonly starter: Pick<Starter, 'startServers'>
  readonly instances: number
  readonly seed: number
  readonly schedules: number
  /** For all of the proof. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export interface OwnTests {
  readonly judgement: TestsJudgement
  /** So that runs that follow can go on counting. */
  readonly runs: number
}

/** What steps of the flow are said to be from. */
export const recordingName = 'what the tests asked'

/** Of the time for all of the proof: a run on one instance has so much at most, and the runs with several are begun within so much. */
const partForOneRun = 1 / 4
const partForAll = 0.6
/** Begun after this, runs that only show in which modes they fail as well would take the time of those that find the cause. */
const partBeforeCause = 0.3
/** Small suites wait for what never comes no longer than this. */
const leastTimeoutMs = 30_000

/** Rejects as `judgeTests`. */
export async function runOwnTests(command: string, parts: OwnTestsParts): Promise<OwnTests> {
  const { app, starter, seed, schedules, timeoutMs, signal, onProgress } = parts
  const instances = app.targets.length > 0 ? app.targets.length : parts.instances
  const laboratory = new TestsLaboratory({ command, app, starter, instances, signal, onProgress })
  const since = performance.now()
  const isWithin = (part: number) => performance.now() - since < timeoutMs * part
  const judgement = await judgeTests({
    laboratory,
    seed,
    schedules,
    aloneTimeoutMs: timeoutMs * partForOneRun,
    leastTimeoutMs: Math.min(leastTimeoutMs, timeoutMs * partForOneRun),
    hasTime: () => isWithin(partForAll),
    hasTimeToSpare: () => isWithin(partBeforeCause),
    signal,
  })
  return { judgement, runs: laboratory.runs }
}

/** A failure where nothing that they asked can be played again, such as static files alone. */
export function flowOfTests({ exchanges }: TestsJudgement): SourcedFlow {
  try {
    const har = JSON.stringify(harOf(exchanges))
    const reading = parseHar(har, recordingName, { origin: recordedOrigin })
    return { ...reading, routes: undefined, failure: undefined }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    return { flow: { clients: [], steps: [] }, skipped: [], routes: undefined, failure }
  }
}
