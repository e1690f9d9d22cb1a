// Runs the user's own tests against an app through the adversary, which writes down what they asked.
import { seededRandom } from '../../base/random.ts'
import { openAdversary } from './adversary.ts'
import { Recording } from './recording.ts'
import { runTests } from './test-run.ts'

export interface RecordOptions {
  readonly app: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> }
  readonly seed: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface RecordedTests {
  /** What the recording's addresses begin with. */
  readonly origin: string
  readonly har: Recording['har']
  /** Undefined: the tests pass and asked something. */
  readonly failure: string | undefined
}

const recordedOrigin = 'http://localhost:3000'

/** Over one origin, whether they pass at all; over several, whether it matters to them who answers. */
export async function recordTests(
  command: string,
  origins: readonly string[],
  { app, seed, timeoutMs, signal }: RecordOptions,
): Promise<RecordedTests> {
  const recording = new Recording(recordedOrigin, Date.now)
  const adversary = await openAdversary({ origins, random: seededRandom(seed), recording })
  try {
    const { cwd, env } = app
    const run = await runTests({ command, cwd, env, baseUrl: adversary.origin, timeoutMs, signal })
    signal.throwIfAborted()
    return { origin: recordedOrigin, har: recording.har, failure: failureOf(run, adversary.requests) }
  } finally {
    await adversary.close()
  }
}

function failureOf(
  { hasPassed, how, lastLines }: { hasPassed: boolean; how: string; lastLines: readonly string[] },
  requests: number,
): string | undefined {
  if (!hasPassed)
    return `the tests fail on one instance: they ${how}${lastLines.length === 0 ? '' : ` (${lastLines.at(-1)})`}`
  return requests === 0 ? 'the tests asked nothing of BASE_URL' : undefined
}
