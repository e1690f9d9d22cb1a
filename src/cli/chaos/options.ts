// What `drover chaos` was asked to do.
import { randomInt } from 'node:crypto'
import { invalidOption } from '../../base/errors.ts'
import { parseDuration } from '../../base/durations.ts'
import { parseSize } from '../../config/size.ts'
import type { Intervals } from './schedule.ts'

export interface ChaosFlags {
  readonly killEvery?: string
  readonly hang?: boolean
  readonly slow?: boolean
  readonly memory?: string
  readonly balancers?: boolean
  readonly deploys?: boolean
  readonly storeRestart?: string
  readonly for?: string
  readonly calm?: string
  readonly seed?: string
}

export interface ChaosOptions {
  readonly everyMs: Intervals
  readonly forMs: number
  /** How long the fleet is only looked at before the first fault. */
  readonly calmMs: number
  readonly seed: number
  readonly memoryBytes: number
  readonly storeRestart: string
}

export const chaosDefaults = {
  killEveryMs: 1_000,
  hangEveryMs: 5_000,
  slowEveryMs: 6_000,
  balancerEveryMs: 5_000,
  deployEveryMs: 10_000,
  storeRestartEveryMs: 15_000,
  forMs: 60_000,
  calmMs: 3_000,
} as const

const hourMs = 3_600_000
const maxSeed = 2 ** 32 - 1

/** Without any kind of fault: a kill every second. Throws OPTION_INVALID. */
export function readChaosOptions(flags: ChaosFlags, newSeed: () => number = drawSeed): ChaosOptions {
  const forMs = duration('--for', flags.for, { fromMs: 100, toMs: hourMs }) ?? chaosDefaults.forMs
  const everyMs = intervals(flags, forMs)
  return {
    everyMs: Object.keys(everyMs).length === 0 ? { kill: chaosDefaults.killEveryMs } : everyMs,
    forMs,
    calmMs: duration('--calm', flags.calm, { fromMs: 0, toMs: hourMs }) ?? chaosDefaults.calmMs,
    seed: flags.seed === undefined ? newSeed() : readSeed(flags.seed),
    memoryBytes: flags.memory === undefined ? 0 : readMemory(flags.memory),
    storeRestart: flags.storeRestart === undefined ? '' : readCommand(flags.storeRestart),
  }
}

function intervals(flags: ChaosFlags, forMs: number): Intervals {
  const killMs = duration('--kill-every', flags.killEvery, { fromMs: 100, toMs: hourMs })
  const { hangEveryMs, slowEveryMs, balancerEveryMs, deployEveryMs, storeRestartEveryMs } = chaosDefaults
  return {
    ...(killMs === undefined ? {} : { kill: killMs }),
    ...(flags.hang === true ? { hang: hangEveryMs } : {}),
    ...(flags.slow === true ? { slow: slowEveryMs } : {}),
    // Once, and held to the end.
    ...(flags.memory === undefined ? {} : { memory: forMs }),
    ...(flags.balancers === true ? { balancer: balancerEveryMs } : {}),
    ...(flags.deploys === true ? { deploy: deployEveryMs } : {}),
    ...(flags.storeRestart === undefined ? {} : { 'store-restart': storeRestartEveryMs }),
  }
}

interface Bounds {
  readonly fromMs: number
  readonly toMs: number
}

function duration(flag: string, text: string | undefined, { fromMs, toMs }: Bounds): number | undefined {
  if (text === undefined) return undefined
  const durationMs = parseDuration(text)
  if (durationMs !== undefined && durationMs >= fromMs && durationMs <= toMs) return durationMs
  throw invalidOption(flag, text, `a time from ${fromMs}ms to 1h, such as "500ms" or "30s"`)
}

function readSeed(text: string): number {
  const seed = Number(text)
  if (/^\d+$/.test(text) && seed <= maxSeed) return seed
  throw invalidOption('--seed', text, `a whole number from 0 to ${maxSeed}, as an earlier run has printed`)
}

function readMemory(text: string): number {
  const bytes = parseSize(text)
  if (bytes !== undefined && bytes > 0) return bytes
  throw invalidOption('--memory', text, 'a size above zero, such as "512mb" or "2gb"')
}

function readCommand(text: string): string {
  if (text.trim() !== '') return text
  throw invalidOption('--store-restart', text, 'a command, such as "systemctl restart redis"')
}

/** Short enough to be typed again. */
function drawSeed(): number {
  return randomInt(1_000_000)
}
