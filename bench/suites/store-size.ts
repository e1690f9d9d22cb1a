// Many sessions of one realistic shape in Redis, through Drover's store and through connect-redis: what each takes, how long
// a read takes among few and among many, and what it takes to end all sessions of one principal.
import { collectGarbage } from '../garbage.ts'
import type { Bench } from '../measurement.ts'
import { median } from '../median.ts'
import { percentile } from '../percentile.ts'
import { resultOf, type Result } from '../result.ts'
import { makeRow, type Row } from '../row.ts'
import { openLoads, type StoreLoad } from '../store-load.ts'

const fewSessions = 1_000
/** How flat is flat: what else the machine does moves a p99 by as much. */
const flat = 1.5
/** A phone, a tablet and a laptop. */
const sessionsPerPrincipal = 3
const revokedSessions = 100
const peer = 'connect-redis'

export async function runStoreSize(bench: Bench): Promise<Result> {
  const { plan, progress, stage } = bench
  const many = plan.sessions
  progress(`${many} visitors`)
  const loads = await openLoads(stage)
  for (const load of loads) await load.fill(many, undefined)
  const visitors = await bytesOf(loads)
  const latencies = await compareReads(bench, loads)
  for (const load of loads) await load.clear()
  progress(`${many} signed-in sessions`)
  const principalOf = (index: number) => `user-${Math.floor(index / sessionsPerPrincipal)}`
  for (const load of loads) await load.fill(many, principalOf)
  const signedIn = await bytesOf(loads)
  progress('ending all sessions of a principal')
  const revocations = await revoke(bench, loads, many)
  const index = await loads[0].dropIndex()
  return resultOf([
    row(`a visitor's session`, visitors, 1.4),
    row(`a signed-in session, device index apart`, [signedIn[0] - index, signedIn[1]], 1.4),
    makeRow(
      'store-size: the device index, per session',
      `${peer}'s session`,
      'B/session',
      index,
      signedIn[1],
    ),
    ...latencies,
    ...revocations,
  ])
}

type Pair = readonly [ours: number, theirs: number]

function row(what: string, [ours, theirs]: Pair, target: number): Row {
  return makeRow(`store-size: ${what}`, peer, 'B/session', ours, theirs, target)
}

async function bytesOf(loads: readonly [StoreLoad, StoreLoad]): Promise<Pair> {
  return [await loads[0].bytesPerSession(), await loads[1].bytesPerSession()]
}

/** Among many, and at the same time among few in a Redis of their own: a busy minute of the machine hits all alike. */
async function compareReads(bench: Bench, many: readonly [StoreLoad, StoreLoad]): Promise<Row[]> {
  const few = await openLoads(bench.stage)
  for (const load of few) await load.fill(fewSessions, undefined)
  const [ours = NaN, theirs = NaN, oursAmongFew = NaN] = await readP99(bench, [...many, few[0]])
  const what = `store-size: p99 of a read among ${bench.plan.sessions.toLocaleString('en')}`
  const fewPeer = `Drover among ${fewSessions.toLocaleString('en')}`
  return [makeRow(what, fewPeer, 'ms', ours, oursAmongFew, flat), makeRow(what, peer, 'ms', ours, theirs)]
}

/** In milliseconds; stores take turns, and the median of the rounds counts. */
async function readP99({ plan, progress }: Bench, loads: readonly StoreLoad[]): Promise<readonly number[]> {
  const rounds: number[][] = loads.map(() => [])
  for (let round = 0; round <= plan.rounds; round++) {
    progress(round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`)
    for (const [index, load] of loads.entries()) {
      const figure = percentile(await readFor(load, plan.seconds * 1000), 0.99)
      if (round > 0) rounds[index]?.push(figure)
    }
  }
  return rounds.map(median)
}

/** One read after another, of sessions picked at random: the time of each. */
async function readFor(load: StoreLoad, lengthMs: number): Promise<readonly number[]> {
  const times: number[] = []
  // What loading left behind is not the store's doing.
  collectGarbage()
  const endMs = performance.now() + lengthMs
  for (let startMs = performance.now(); startMs < endMs;) {
    await load.readAny()
    const nowMs = performance.now()
    times.push(nowMs - startMs)
    startMs = nowMs
  }
  return times
}

async function revoke({ plan }: Bench, loads: readonly [StoreLoad, StoreLoad], many: number): Promise<Row[]> {
  const times: [number[], number[]] = [[], []]
  const trips: [number[], number[]] = [[], []]
  for (let round = 0; round <= plan.rounds; round++) {
    for (const [index, load] of loads.entries()) {
      const principal = `revoked-${round}`
      const keys = await load.fill(revokedSessions, () => principal)
      const { tookMs, commands } = await load.revokeAll(principal, keys)
      if (round === 0) continue
      times[index]?.push(tookMs)
      trips[index]?.push(commands)
    }
  }
  const what = `store-size: ending ${revokedSessions} sessions of one principal among ${many.toLocaleString('en')}`
  return [
    makeRow(`${what}: commands sent`, peer, 'round trips', median(trips[0]), median(trips[1])),
    makeRow(what, peer, 'ms', median(times[0]), median(times[1])),
  ]
}
