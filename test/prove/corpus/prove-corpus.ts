// Has specimens judged, a few at a time.
import { dirname, delimiter } from 'node:path'
import type { AppSpec } from '../../../src/prove/app/servers.ts'
import type { Prove } from '../../../src/prove/request.ts'
import type { Specimen } from './corpus.ts'
import type { OutsideStore } from './outside-store.ts'
import { type Score, scoreOf } from './score.ts'

export interface CorpusOptions {
  readonly prove: Prove
  readonly store: OutsideStore
  readonly concurrency: number
  readonly seed: number
  readonly schedules: number
  /** For one specimen. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** In the order of the specimens. */
export async function proveCorpus(
  specimens: readonly Specimen[],
  options: CorpusOptions,
): Promise<readonly Score[]> {
  const scores = new Map<string, Score>()
  const queue = [...specimens]
  const work = async () => {
    for (let specimen = queue.shift(); specimen !== undefined; specimen = queue.shift())
      scores.set(specimen.name, await proveOne(specimen, options))
  }
  await Promise.all(Array.from({ length: options.concurrency }, work))
  return specimens.flatMap(({ name }) => scores.get(name) ?? [])
}

async function proveOne(specimen: Specimen, options: CorpusOptions): Promise<Score> {
  const { prove, store, seed, schedules, timeoutMs, signal } = options
  const request = {
    app: appOf(specimen, store.database(specimen.name)),
    flow: { from: 'file', path: specimen.flowFile },
    seed,
    schedules,
    timeoutMs,
  } as const
  const { proof } = await prove(request, { onProgress: () => undefined, signal })
  return scoreOf(specimen, proof)
}

/** `database`: where its outside state is, emptied before each run. */
export function appOf({ command, folder, env }: Specimen, database: string): AppSpec {
  const empty = `fetch(${JSON.stringify(database)}, { method: 'DELETE' })`
  return {
    command,
    cwd: folder.replace(/\/$/, ''),
    env: {
      ...process.env,
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      STORE_URL: database,
      ...env,
    },
    readyPath: undefined,
    readyTimeoutMs: 30_000,
    before: undefined,
    reset: `node -e '${empty}'`,
    targets: [],
  }
}
