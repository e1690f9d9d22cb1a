// Many sessions of one realistic shape in Redis, through Drover's store and through connect-redis: what each takes, how long
// a read takes among few and among many, and what it takes to end all sessions of one principal.
import type { Bench } from '../measurement.ts'
import { median } from '../median.ts'
import { percentile } from '../percentile.ts'
import { resultOf, type Result } from '../result.ts'
import { makeRow, type Row } from '../row.ts'
import { openLoads, type StoreLoad } from '../store-load.ts'

const few = 1_000
/** A phone, a tablet and a laptop. */
const sessionsPerPrincipal = 3
const revokedSessions = 100
const peer = 'connect-redis'

export async function runStoreSize(bench: Bench): Promise<Result> {
  const { plan, progress } = bench
  const loads = await openLoads(bench.stage)
  const many = plan.sessions
  progress(`${few} visitors`)
  for (const load of loads) await load.fill(few, undefined)
  const amongFew = await readP99(bench, loads)
  progress(`${many} visitors`)
  for (const load of loads) await load.fill(many - few, undefined)
  const visitors = await bytesOf(loads)
  const amongMany = await readP99(bench, loads)
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
    ...latencies(many, amongFew, amongMany),
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

/** In milliseconds; stores take turns, and the median of the rounds counts. */
async function readP99({ plan, progress }: Bench, loads: readonly [StoreLoad, StoreLoad]): Promise<Pair> {
  const rounds: [number[], number[]] = [[], []]
  for (let round = 0; round <= plan.rounds; round++) {
    progress(round === 0 ? 'warming up' : `round ${round} of ${plan.rounds}`)
    for (const [index, load] of loads.entries()) {
      const figure = percentile(await readFor(load, plan.seconds * 1000), 0.99)
      if (round > 0) rounds[index]?.push(figure)
    }
  }
  return [median(rounds[0]), median(rounds[1])]
}

/** One read after another, of sessions picked at random: the time of each. */
async function readFor(load: StoreLoad, lengthMs: number): Promise<readonly number[]> {
  const times: number[] = []
  const endMs = performance.now() + lengthMs
  for (let startMs = performance.now(); startMs < endMs;) {
    await load.readAny()
    const nowMs = performance.now()
    times.push(nowMs - startMs)
    startMs = nowMs
  }
  return times
}

/** How flat is flat: what else the machine does moves a p99 by more than this. */
const flat = 1.5

function latencies(many: number, amongFew: Pair, amongMany: Pair): Row[] {
  const among = many.toLocaleString('en')
  return [
    makeRow(
      `store-size: p99 of a read among ${among}`,
      `Drover among ${few.toLocaleString('en')}`,
      'ms',
      amongMany[0],
      amongFew[0],
      flat,
    ),
    makeRow(`store-size: p99 of a read among ${among}`, peer, 'ms', amongMany[0], amongMany[1]),
  ]
}

async function revoke({ plan }: Bench, loads: readonly [StoreLoad, StoreLoad], many: number): Promise<Row[]> {
  const times: [number[], number[]] = [[], []]
  const trips: [number[], number[]] = [[], []]
  for (let round = 0; round <= plan.rounds; round++) {
    for (const [index, load] of loads.entries()) {
      const principal = `revoked-${round}`
      await load.fill(revokedSessions, () => principal)
      const { tookMs, commands } = await load.revokeAll(principal, revokedSessions)
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
