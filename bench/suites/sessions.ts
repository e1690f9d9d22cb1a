// A session read and written by a small app, beside what others keep of the same visitors. Three suites of one kind: on one
// Redis, on other stores, and small enough for a cookie.
import { join } from 'node:path'
import type { Size } from '../contenders/session-data.ts'
import { cpuResolutionMicros } from '../cpu.ts'
import { measure, type Bench, type Contender, type Measurement } from '../measurement.ts'
import { startNode, type Program } from '../program.ts'
import { startRedis } from '../redis.ts'
import { resultOf, type Result } from '../result.ts'
import { makeRow, type Row, type Unit } from '../row.ts'
import type { Stage } from '../stage.ts'
import { connections, type Load } from '../wrk.ts'
import { startPostgres } from '../../test/support/postgres-server.ts'

interface App {
  readonly name: string
  /** The program under contenders/. */
  readonly program: string
  /** What it is made with; its cost is counted above that of the same framework's apps without sessions. */
  readonly framework: Framework
  readonly store: Store
  readonly words?: readonly string[]
  /** Whether it also takes the loads of signed-in visitors. */
  readonly signsIn?: boolean
  /** Whether the CPU of the whole apps is compared too. */
  readonly isWholeCompared?: boolean
}

type Framework = 'Express' | 'Fastify'
type Store = 'redis' | 'sqlite' | 'postgres' | 'none'

/** What the CPU that our sessions add may be at most, as a part of what the peer's add; by the names of peer and load. */
type Targets = Readonly<Record<string, Readonly<Partial<Record<LoadName, number>>>>>

interface Suite {
  readonly name: string
  readonly size: Size
  readonly frameworks: readonly Framework[]
  readonly ours: readonly (App & { readonly targets: Targets })[]
  readonly peers: readonly App[]
}

/** Two of each: one answers at once, one at the end of the turn, as all that ask a store do. The cheaper one counts. */
function baresOf(framework: Framework): readonly App[] {
  const program = `${framework.toLowerCase()}-bare`
  return ['at once', 'end of turn'].map((pace) => ({
    name: `${framework} without sessions, ${pace}`,
    program,
    framework,
    store: 'none',
    words: [pace],
  }))
}

const drover = { program: 'drover-sessions', framework: 'Express' } as const
const onRedis: App = { ...drover, name: 'Drover on Redis', store: 'redis', signsIn: true }
const nearCached: App = { ...onRedis, name: 'Drover with near cache', words: ['near'] }
const expressSession: App = {
  name: 'express-session',
  program: 'connect-redis/express-session',
  framework: 'Express',
  store: 'redis',
}
const fastifySession: App = {
  name: '@fastify/session',
  program: 'connect-redis/fastify-session',
  framework: 'Fastify',
  store: 'redis',
}
const byHand: App = {
  name: 'by hand',
  program: 'by-hand',
  framework: 'Express',
  store: 'redis',
  signsIn: true,
  isWholeCompared: true,
}

const sessionsOnRedis: Suite = {
  name: 'sessions',
  size: 'large',
  frameworks: ['Express', 'Fastify'],
  ours: [
    {
      ...onRedis,
      targets: {
        'express-session': { read: 1 / 5, write: 1 / 3 },
        '@fastify/session': { read: 1 / 3 },
        'by hand': { read: 1.3, 'read, signed in': 1.3 },
      },
    },
    { ...nearCached, targets: { 'express-session': { read: 1 / 10, write: 1 / 3 } } },
  ],
  peers: [expressSession, fastifySession, byHand],
}

const sessionsOnStores: Suite = {
  name: 'sessions-stores',
  size: 'large',
  frameworks: ['Express'],
  ours: [
    { ...drover, name: 'Drover on SQLite', store: 'sqlite', targets: {} },
    { ...drover, name: 'Drover on PostgreSQL', store: 'postgres', targets: {} },
  ],
  peers: [expressSession],
}

const sessionsInCookies: Suite = {
  name: 'sessions-cookies',
  size: 'small',
  frameworks: ['Express'],
  ours: [
    { ...onRedis, signsIn: false, targets: {} },
    { ...nearCached, signsIn: false, targets: {} },
    { ...onRedis, name: 'Drover in cookies', words: ['cookies'], signsIn: false, targets: {} },
  ],
  peers: [
    { name: 'iron-session', program: 'iron-session', framework: 'Express', store: 'none' },
    { name: 'cookie-session', program: 'cookie-session', framework: 'Express', store: 'none' },
  ],
}

const cpuUnit = 'µs CPU/request'

type LoadName = 'read' | 'write' | 'read, signed in' | 'write, signed in'

const visitorLoads: ReadonlyMap<LoadName, Load> = new Map([
  ['read', { method: 'GET', path: '/read' }],
  ['write', { method: 'POST', path: '/write' }],
])
const signedInLoads: ReadonlyMap<LoadName, Load> = new Map([
  ['read, signed in', { method: 'GET', path: '/read' }],
  ['write, signed in', { method: 'POST', path: '/write' }],
])

export function runSessions(bench: Bench): Promise<Result> {
  return run(bench, sessionsOnRedis)
}

export function runSessionStores(bench: Bench): Promise<Result> {
  return run(bench, sessionsOnStores)
}

export function runSessionCookies(bench: Bench): Promise<Result> {
  return run(bench, sessionsInCookies)
}

async function run(bench: Bench, suite: Suite): Promise<Result> {
  const { stage, progress, plan } = bench
  progress('starting the contenders')
  const bares = suite.frameworks.flatMap(baresOf)
  const apps = [...bares, ...suite.ours, ...suite.peers]
  const stores = await startStores(stage, new Set(apps.map(({ store }) => store)))
  const started = await Promise.all(
    apps.map(async (app) => ({
      app,
      program: await startApp(stage, app, stores.addresses[app.store], suite.size),
    })),
  )
  const contenders: Contender[] = []
  for (const { app, program } of started) {
    contenders.push(
      await prepare(app, bares.includes(app), program, app.store === 'redis' ? stores.redisPid : undefined),
    )
  }
  const measurement = await measure(bench, contenders)
  const pairs = suite.ours.flatMap((our) => suite.peers.map((peer) => ({ our, peer })))
  return resultOf(
    pairs.flatMap(({ our, peer }) =>
      comparable(our, peer).flatMap((load) => compare(suite, measurement, load, our, peer, plan.seconds)),
    ),
  )
}

interface Stores {
  readonly addresses: Readonly<Record<Store, string>>
  readonly redisPid: number | undefined
}

async function startStores(stage: Stage, wanted: ReadonlySet<Store>): Promise<Stores> {
  const redis = wanted.has('redis') ? await startRedis(stage) : undefined
  const postgres = wanted.has('postgres') ? await startPostgres() : undefined
  if (postgres !== undefined) stage.onClear(() => postgres.stop())
  return {
    addresses: {
      redis: redis?.url ?? '',
      sqlite: `sqlite:${join(await stage.folder(), 'sessions.db')}`,
      postgres: postgres?.url ?? '',
      none: '',
    },
    redisPid: redis?.pid,
  }
}

/** A signed-in visitor's requests are compared where both sides take them. */
function comparable(our: App, peer: App): readonly LoadName[] {
  const both = our.signsIn === true && peer.signsIn === true
  return [...visitorLoads.keys(), ...(both ? signedInLoads.keys() : [])]
}

function compare(
  suite: Suite,
  measurement: Measurement,
  load: LoadName,
  our: Suite['ours'][number],
  peer: App,
  seconds: number,
): Row[] {
  const ourFigures = measurement.figures(our.name, load)
  const peerFigures = measurement.figures(peer.name, load)
  const what = `${suite.name}: ${load}, ${our.name}`
  const row = (of: string, unit: Unit, figures: readonly number[], target?: number) =>
    makeRow(`${what}: ${of}`, peer.name, unit, figures[0] ?? 0, figures[1] ?? 0, target)
  const both = [ourFigures, peerFigures]
  const added = [our, peer].map((app) => addedCpu(measurement, load, app, seconds))
  const target = our.targets[peer.name]?.[load]
  // A figure that stands for less than the clock can show says nothing about a target.
  const isMeasured = added.every((figure) => figure.isMeasured)
  const rows = [
    row(
      isMeasured ? 'CPU added to the app' : 'CPU added to the app (too little to measure)',
      cpuUnit,
      added.map(({ micros }) => micros),
      isMeasured ? target : undefined,
    ),
  ]
  if (peer.isWholeCompared === true) {
    const used = both.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest)
    rows.push(row('CPU of the whole app', cpuUnit, used))
  }
  const pace = both.map(({ requestsPerSecond }) => requestsPerSecond)
  rows.push(row('the app', 'requests/s', pace))
  if (our.store === 'redis' && peer.store === 'redis') {
    const used = both.map(({ storeCpuMicrosPerRequest }) => storeCpuMicrosPerRequest ?? 0)
    rows.push(row('CPU of Redis itself', cpuUnit, used))
  }
  return rows
}

interface AddedCpu {
  readonly micros: number
  /** False where a short run on a busy machine shows less than the clock can: the smallest that it can stands there. */
  readonly isMeasured: boolean
}

/** What the sessions cost on top of the same framework's app without them, at its cheaper pace. */
function addedCpu(measurement: Measurement, load: LoadName, app: App, seconds: number): AddedCpu {
  const whole = measurement.figures(app.name, load)
  const bareLoad = load.startsWith('read') ? 'read' : 'write'
  const bares = baresOf(app.framework).map(({ name }) => measurement.figures(name, bareLoad))
  const bare = Math.min(...bares.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest))
  const smallest = cpuResolutionMicros / (whole.requestsPerSecond * seconds)
  const micros = whole.cpuMicrosPerRequest - bare
  return micros >= smallest ? { micros, isMeasured: true } : { micros: smallest, isMeasured: false }
}

function startApp(stage: Stage, app: App, store: string, size: Size): Promise<Program> {
  const program = new URL(`../contenders/${app.program}.ts`, import.meta.url)
  return startNode(stage, program, [store, size, ...(app.words ?? [])])
}

/** Fills one session per connection and sees that a session is kept, so that what is measured is what works. */
async function prepare(
  app: App,
  isBare: boolean,
  program: Program,
  storePid: number | undefined,
): Promise<Contender> {
  const {
    pid,
    ports: [port = 0],
  } = program
  const origin = `http://127.0.0.1:${port}`
  const visitors = await fillAll(app, isBare, origin, 'fill')
  const loads = new Map<string, Load>()
  for (const [name, load] of visitorLoads) loads.set(name, { ...load, cookies: visitors })
  if (app.signsIn === true) {
    const signedIn = await fillAll(app, isBare, origin, 'sign-in')
    for (const [name, load] of signedInLoads) loads.set(name, { ...load, cookies: signedIn })
  }
  return { name: app.name, port, pid, loads, ...(storePid === undefined ? {} : { storePid }) }
}

async function fillAll(app: App, isBare: boolean, origin: string, route: string): Promise<readonly string[]> {
  const cookies: string[] = []
  for (let number = 1; number <= connections; number++) {
    const name = `visitor-${number}`
    const cookie = await fill(app, isBare, `${origin}/${route}/${name}`)
    if (number === 1) await verify(app, origin, name, cookie)
    cookies.push(cookie)
  }
  return cookies
}

/** The Cookie header of a new session. */
async function fill(app: App, isBare: boolean, url: string): Promise<string> {
  const response = await fetch(url, { method: 'POST' })
  const text = await response.text()
  // A bare app gets a cookie too, and ignores it: reading the header is no session's work.
  const cookie = isBare ? `sid=${'0'.repeat(43)}` : cookiesOf(response)
  if (response.ok && cookie !== '') return cookie
  throw new Error(`${app.name} is out: a new session answered ${response.status} ${text}`)
}

/** All of them: a signed cookie comes with another that is its signature. */
function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}

/** Rejects unless the app reads what was written before, and what it writes itself. */
async function verify(app: App, origin: string, name: string, cookie: string): Promise<void> {
  const read = await ask(`${origin}/read`, 'GET', cookie)
  const first = await ask(`${origin}/write`, 'POST', cookie)
  // Where the session is in the cookie, the second write finds the first one in the cookie that came with it.
  const second = await ask(`${origin}/write`, 'POST', first.cookie === '' ? cookie : first.cookie)
  const answers = [read, first, second].map(({ text }) => text).join(' ')
  const wanted = `{"name":"${name}"} {"count":1} {"count":2}`
  if (answers !== wanted) throw new Error(`${app.name} is out: it answered ${answers} instead of ${wanted}`)
}

async function ask(
  url: string,
  method: string,
  cookie: string,
): Promise<{ readonly text: string; readonly cookie: string }> {
  const response = await fetch(url, { method, headers: { cookie } })
  return { text: await response.text(), cookie: cookiesOf(response) }
}
