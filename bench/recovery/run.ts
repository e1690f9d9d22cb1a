// One contender under one fault: a fresh fleet, users who shop, faults meanwhile, and the count afterwards.
import { join } from 'node:path'
import { percentile } from '../percentile.ts'
import { Stage } from '../stage.ts'
import { Crowd } from './crowd.ts'
import { inflict, type Damage, type Fault } from './faults.ts'
import type { Contender, Databases, ShopFleet } from './fleet.ts'
import { compileShop } from './keeper.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { RecoveryRow, Suffered } from './row.ts'
import { Tally } from './tally.ts'

export interface Course {
  readonly users: number
  readonly seconds: number
  readonly seed: number
  /** What `prepareShop` gave. */
  readonly compileCache: string
  /** Aborted when the whole benchmark is to end. */
  readonly signal: AbortSignal
}

export async function runContender(contender: Contender, fault: Fault, course: Course): Promise<RecoveryRow> {
  const said = { contender: contender.name, fault: fault.name }
  if (!contender.isInstalled()) return { ...said, state: 'not installed' }
  const stage = new Stage(course.signal)
  try {
    const databases = await makeDatabases(stage, course.compileCache)
    const fleet = await contender.start(stage, databases)
    return { ...said, state: 'measured', ...(await measureFleet(fleet, databases, fault, course)) }
  } catch (error) {
    // The others' runs are not lost with it.
    course.signal.throwIfAborted()
    return { ...said, state: 'out', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await stage.clear()
  }
}

/** A folder with the compiled shop, for all runs of one benchmark. */
export async function prepareShop(stage: Stage): Promise<string> {
  const given = process.env['NODE_COMPILE_CACHE']
  // Whoever runs this has one that is in use.
  if (given !== undefined && given !== '') return given
  const cache = await stage.folder()
  const { environment } = await makeDatabases(stage, cache)
  await compileShop(stage, environment)
  return cache
}

export async function makeDatabases(stage: Stage, compileCache: string): Promise<Databases> {
  const folder = await stage.folder()
  const ordersPath = join(folder, 'orders.db')
  return {
    ordersPath,
    environment: {
      DATABASE_URL: `sqlite:${ordersPath}`,
      SESSION_STORE: `sqlite:${join(folder, 'sessions.db')}`,
      NODE_COMPILE_CACHE: compileCache,
    },
  }
}

/** `isOpen` resolves when a user may ask: at once, but for those who hold them. */
export async function measureFleet(
  fleet: ShopFleet,
  databases: Databases,
  fault: Fault,
  { users, seconds, seed, signal }: Omit<Course, 'compileCache'>,
  isOpen: () => Promise<void> = () => Promise.resolve(),
): Promise<Suffered> {
  const tally = new Tally()
  const crowd = new Crowd({ origin: fleet.origin, users, tally, seed })
  try {
    await crowd.enter(signal)
    // Faults end with the time, not with the last answer: who still waits then is to get it.
    const over = AbortSignal.timeout(seconds * 1_000)
    const damage = inflict({ fleet, fault, random: seededRandom(seed), over, signal })
    // Nobody waits for it before the users are done.
    damage.catch(() => undefined)
    await crowd.shop(performance.now() + seconds * 1_000, isOpen, signal)
    const done = await damage
    const verdict = await crowd.settle(databases.ordersPath, signal)
    return { ...verdict, ...sufferedBy(tally), ...told(done) }
  } finally {
    crowd.leave()
  }
}

function sufferedBy({ latenciesMs, failed, reasons, signedOut }: Tally) {
  return {
    requests: latenciesMs.length,
    failedGets: failed.GET,
    failedPosts: failed.POST,
    reasons: Object.fromEntries(reasons),
    signedOut,
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    maxMs: percentile(latenciesMs, 1),
  }
}

function told({ kills, stops, rolls, failedRolls }: Damage) {
  return { kills, stops, rolls, failedRolls: failedRolls.map((message) => message.slice(-500)) }
}
