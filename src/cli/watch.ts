// Looks at a fleet once a second and shows what it sees, until told to stop.
import { setTimeout as pause } from 'node:timers/promises'
import type { FleetSnapshot } from '../control/snapshot.ts'
import type { Printer } from './printer.ts'
import { statusLines, type Rates } from './status-table.ts'

const intervalMs = 1_000

/** One look: as lines for a person, or as what goes on one line of JSON. */
export interface WatchView {
  /** `width`: the columns of the terminal, where they are to fit. */
  readonly lines: (printer: Pick<Printer, 'paint'>, width?: number) => readonly string[]
  readonly json: object
}

export interface WatchPorts {
  readonly look: () => Promise<FleetSnapshot>
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly show: (view: WatchView) => void
  /** Aborted when the watch is to end. */
  readonly signal: AbortSignal
  /** Once it has seen the fleet, it goes on looking for it when it is gone: one that restarts is soon there again. */
  readonly isPatient: boolean
  /** Waits between two looks; rejects or resolves when the signal aborts. Default: real time. */
  readonly wait?: (waitMs: number, signal: AbortSignal) => Promise<unknown>
}

interface Look {
  readonly snapshot: FleetSnapshot
  readonly atMs: number
}

/** Resolves when the signal aborts. Rejects as `look` does at the first look, and at any when not patient. */
export async function watchFleet(ports: WatchPorts): Promise<void> {
  const { signal, now, wait = waitFor } = ports
  let before: Look | undefined
  while (!signal.aborted) {
    const startedMs = now()
    try {
      const snapshot = await ports.look()
      const look = { snapshot, atMs: now() }
      // What was asked for when the end came is not shown any more.
      if (isAborted(signal)) return
      ports.show(viewOf(snapshot, ratesOf(before, look)))
      before = look
    } catch (error) {
      if (isAborted(signal)) return
      if (before === undefined || !ports.isPatient) throw error
      ports.show(absentView(before.snapshot, error))
    }
    await wait(Math.max(0, intervalMs - (now() - startedMs)), signal)
  }
}

/** Read anew each time: it changes while something is awaited. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

async function waitFor(waitMs: number, signal: AbortSignal): Promise<void> {
  // Its rejection is the end that was asked for.
  await pause(waitMs, undefined, { signal }).catch(() => undefined)
}

function viewOf(snapshot: FleetSnapshot, rates: Rates): WatchView {
  return {
    lines: (printer, width = Infinity) => statusLines(snapshot, printer, { rates, width }),
    json: {
      ...snapshot,
      instances: snapshot.instances.map((instance) => ({
        ...instance,
        requestsPerSecond: rates.get(instance.id) ?? null,
      })),
    },
  }
}

/** Of instances that were there before: of the same fleet, since another one counts from zero. */
function ratesOf(before: Look | undefined, after: Look): Rates {
  const rates = new Map<string, number>()
  if (before === undefined || before.snapshot.pid !== after.snapshot.pid) return rates
  const seconds = (after.atMs - before.atMs) / 1_000
  if (seconds <= 0) return rates
  const earlier = new Map(before.snapshot.instances.map(({ id, requests }) => [id, requests]))
  for (const { id, requests } of after.snapshot.instances) {
    const from = earlier.get(id)
    if (from !== undefined) rates.set(id, Math.round((Math.max(0, requests - from) / seconds) * 10) / 10)
  }
  return rates
}

function absentView({ url }: FleetSnapshot, error: unknown): WatchView {
  const why = error instanceof Error ? error.message : String(error)
  return {
    lines: (printer) => [
      `${printer.paint('bold', url)}  ${printer.paint('red', 'not there')}`,
      '',
      printer.paint('dim', `${why}; still looking`),
    ],
    json: { error: why },
  }
}
