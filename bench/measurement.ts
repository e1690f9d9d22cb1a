// The one procedure that every suite follows: contenders take turns, round after round, and medians count.
import type { Plan } from './command-line.ts'
import { cpuResolutionMicros, usageOf } from './cpu.ts'
import { median } from './median.ts'
import type { Stage } from './stage.ts'
import { inTurn } from './turn.ts'
import { runWrk, type Load } from './wrk.ts'

/** A program under load. */
export interface Contender {
  readonly name: string
  readonly port: number
  /** Its CPU time and memory count, with those of its descendants. */
  readonly pid: number
  /** The server it keeps things in, whose CPU time is counted apart. */
  readonly storePid?: number
  /** The load of this name, as this contender must be asked. */
  readonly loads: ReadonlyMap<string, Load>
}

export interface Figures {
  readonly requestsPerSecond: number
  readonly cpuMicrosPerRequest: number
  /** Of the store's server, where there is one. */
  readonly storeCpuMicrosPerRequest: number | undefined
}

export interface Measurement {
  /** Medians, by contender's name and load's name. */
  figures(contender: string, load: string): Figures
}

export interface Bench {
  readonly stage: Stage
  readonly plan: Plan
  /** The path of wrk. */
  readonly wrk: string
  /** Says what is going on. */
  readonly progress: (line: string) => void
}

/**
 * Interleaved, so that a busy minute of the machine hits all alike; each round begins with another contender. The
 * first, uncounted round lets the compilers of Node and the connections of pools settle.
 */
export async function measure(bench: Bench, contenders: readonly Contender[]): Promise<Measurement> {
  const { stage, plan, progress } = bench
  const folder = await stage.folder()
  const results = new Map<string, Figures[]>()
  for (let round = 0; round <= plan.rounds; round++) {
    progress(round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`)
    for (const contender of inTurn(contenders, round)) {
      for (const [name, load] of contender.loads) {
        const figures = await measureOnce(bench, folder, contender, load)
        if (round === 0) continue
        const key = keyOf(contender.name, name)
        results.set(key, [...(results.get(key) ?? []), figures])
      }
    }
  }
  return {
    figures: (contender, load) => middle(results.get(keyOf(contender, load)) ?? []),
  }
}

/** A window in which a busy machine let nobody answer is doubled, up to this many times its length. */
const longestStretch = 32

async function measureOnce(
  bench: Bench,
  folder: string,
  contender: Contender,
  load: Load,
  stretch = 1,
): Promise<Figures> {
  const { wrk, plan, stage } = bench
  const { pid, storePid, port } = contender
  try {
    const cpu = meter(pid)
    const storeCpu = storePid === undefined ? undefined : meter(storePid)
    const { requests, seconds } = await runWrk(wrk, folder, port, load, plan.seconds * stretch, stage.signal)
    if (requests === 0) {
      if (stretch < longestStretch) return await measureOnce(bench, folder, contender, load, stretch * 2)
      throw new Error(`Cannot measure ${load.method} ${load.path}: no answer in ${seconds} s`)
    }
    return {
      requestsPerSecond: requests / seconds,
      cpuMicrosPerRequest: cpu() / requests,
      storeCpuMicrosPerRequest: storeCpu === undefined ? undefined : storeCpu() / requests,
    }
  } catch (cause) {
    stage.signal.throwIfAborted()
    throw new Error(`${contender.name} is out`, { cause })
  }
}

/** Tells the CPU time used since; a round too short for the clock's ticks counts as one tick, so that it is never free. */
function meter(pid: number): () => number {
  const before = usageOf(pid).cpuMicros
  return () => Math.max(usageOf(pid).cpuMicros - before, cpuResolutionMicros)
}

function middle(rounds: readonly Figures[]): Figures {
  const storeRounds = rounds.flatMap((figures) => figures.storeCpuMicrosPerRequest ?? [])
  return {
    requestsPerSecond: median(rounds.map((figures) => figures.requestsPerSecond)),
    cpuMicrosPerRequest: median(rounds.map((figures) => figures.cpuMicrosPerRequest)),
    storeCpuMicrosPerRequest: storeRounds.length === 0 ? undefined : median(storeRounds),
  }
}

function keyOf(contender: string, load: string): string {
  return `${contender} · ${load}`
}
