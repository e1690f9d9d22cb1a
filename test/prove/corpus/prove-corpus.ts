// Has specimens judged, a few at a time.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { AppSpec } from '../../../src/prove/app/servers.ts'
import type { Prove } from '../../../src/prove/request.ts'
import { copySpecimen, prepareCopies, type Specimen } from './corpus.ts'
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
  const scratch = await mkdtemp(join(tmpdir(), 'drover-specimen-'))
  try {
    const around = join(scratch, 'around')
    const folder = join(around, 'app')
    await prepareCopies(around)
    await copySpecimen(specimen, folder)
    const app = appOf({ ...specimen, folder }, store.database(specimen.name))
    const flow = { from: 'file', path: specimen.flowFile } as const
    const { proof } = await prove(
      { app, flow, seed, schedules, timeoutMs },
      { onProgress: () => undefined, signal },
    )
    return scoreOf(specimen, proof)
  } finally {
    await rm(scratch, { recursive: true })
  }
}

/** `database`: where its outside state is, if it has any; emptied before each run. */
export function appOf({ command, folder, env, usesStore }: Specimen, database: string): AppSpec {
  const empty = `fetch(${JSON.stringify(database)}, { method: "DELETE" })`
  return {
    command,
    cwd: folder,
    env: {
      ...process.env,
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      ...(usesStore ? { STORE_URL: database } : {}),
      ...env,
    },
    readyPath: undefined,
    readyTimeoutMs: 30_000,
    before: undefined,
    reset: usesStore ? `node -e '${empty}'` : undefined,
    targets: [],
  }
}
