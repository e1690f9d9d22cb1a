// The faults that a fleet is put through while its users shop.
import { setTimeout as pause } from 'node:timers/promises'
import type { ShopFleet } from './fleet.ts'

export interface Fault {
  /** As `--faults` takes it. */
  readonly key: string
  readonly name: string
  readonly kills: boolean
  readonly rolls: boolean
  readonly stops: boolean
}

const none = { kills: false, rolls: false, stops: false }

export const faults: readonly Fault[] = [
  { ...none, key: 'calm', name: 'calm' },
  { ...none, key: 'a', name: 'kill -9 of an instance each second', kills: true },
  { ...none, key: 'b', name: 'a rolling restart every 10 s', rolls: true },
  { ...none, key: 'c', name: 'both', kills: true, rolls: true },
  { ...none, key: 'd', name: 'SIGSTOP of an instance', stops: true },
]

/** What was done to the fleet. */
export interface Damage {
  kills: number
  stops: number
  rolls: number
  /** Rolls that the contender could not finish, by what it said. */
  readonly failedRolls: string[]
}

const killEveryMs = 1_000
const rollEveryMs = 10_000
/** Half an interval, so that a run of N intervals sees N of them. */
const firstKillMs = killEveryMs / 2
const firstRollMs = 1_000
const stopAfterMs = 1_000

export interface Weather {
  readonly fleet: ShopFleet
  readonly fault: Fault
  readonly random: () => number
  /** Aborted when the users are done; a roll that is under way is finished. */
  readonly over: AbortSignal
  /** Aborted when the whole benchmark is to end. */
  readonly signal: AbortSignal
}

/** Does what the fault says until it is over; resolves with what it did. */
export async function inflict(weather: Weather): Promise<Damage> {
  const { kills, rolls, stops } = weather.fault
  const damage: Damage = { kills: 0, stops: 0, rolls: 0, failedRolls: [] }
  await Promise.all([
    kills ? repeat(weather, firstKillMs, killEveryMs, () => kill(weather, damage)) : undefined,
    rolls ? repeat(weather, firstRollMs, rollEveryMs, () => roll(weather, damage)) : undefined,
    stops ? once(weather, stopAfterMs, () => stop(weather, damage)) : undefined,
  ])
  return damage
}

/** At fixed times, so that a slow one does not make the next ones fewer; those it overlaps are left out. */
async function repeat(
  weather: Weather,
  firstMs: number,
  everyMs: number,
  act: () => Promise<void>,
): Promise<void> {
  let nextMs = performance.now() + firstMs
  while (await comes(weather, nextMs - performance.now())) {
    await act()
    // A timer may fire a moment early: at least the one that has just been is over.
    do nextMs += everyMs
    while (nextMs <= performance.now())
  }
}

async function once(weather: Weather, afterMs: number, act: () => Promise<void>): Promise<void> {
  if (await comes(weather, afterMs)) await act()
}

/** False when it was over before. */
async function comes({ over, signal }: Weather, delayMs: number): Promise<boolean> {
  try {
    await pause(Math.max(0, delayMs), undefined, { signal: AbortSignal.any([over, signal]) })
  } catch {
    signal.throwIfAborted()
  }
  return !over.aborted
}

async function kill(weather: Weather, damage: Damage): Promise<void> {
  if (await hit(weather, 'SIGKILL')) damage.kills += 1
}

async function stop(weather: Weather, damage: Damage): Promise<void> {
  if (await hit(weather, 'SIGSTOP')) damage.stops += 1
}

/** Whether there was an instance to hit. */
async function hit({ fleet, random }: Weather, signalName: 'SIGKILL' | 'SIGSTOP'): Promise<boolean> {
  // Drawn even when nobody is there, so that all contenders are dealt the same.
  const drawn = random()
  const pids = await fleet.instances()
  const pid = pids[Math.floor(drawn * pids.length)]
  return pid !== undefined && send(pid, signalName)
}

function send(pid: number, signalName: 'SIGKILL' | 'SIGSTOP'): boolean {
  try {
    return process.kill(pid, signalName)
  } catch {
    // It ended by itself a moment ago.
    return false
  }
}

async function roll({ fleet, signal }: Weather, damage: Damage): Promise<void> {
  try {
    await fleet.roll(signal)
    damage.rolls += 1
  } catch (error) {
    signal.throwIfAborted()
    damage.failedRolls.push(error instanceof Error ? error.message : String(error))
  }
}
