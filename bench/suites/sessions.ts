// A session read and written by a small app, beside what others keep in the same Redis.
import { join } from 'node:path'
import { redisServer } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { cpuResolutionMicros } from '../cpu.ts'
import { measure, type Bench, type Contender, type Figures, type Measurement } from '../measurement.ts'
import { freePort } from '../port.ts'
import { startNode, startServer, type Program } from '../program.ts'
import { makeRow, type Row } from '../row.ts'
import type { Stage } from '../stage.ts'
import { connections, type Load } from '../wrk.ts'

interface App {
  readonly name: string
  /** The program under contenders/. */
  readonly program: string
  /** The same framework's app without sessions; undefined for that app itself. */
  readonly bare: string | undefined
  readonly store: 'redis' | 'sqlite' | 'none'
}

const expressBare = 'Express without sessions'
const fastifyBare = 'Fastify without sessions'
const ours: readonly App[] = [
  { name: 'Drover on Redis', program: 'drover-sessions', bare: expressBare, store: 'redis' },
  { name: 'Drover on SQLite', program: 'drover-sessions', bare: expressBare, store: 'sqlite' },
]
const peers: readonly App[] = [
  { name: 'express-session', program: 'connect-redis/express-session', bare: expressBare, store: 'redis' },
  { name: '@fastify/session', program: 'connect-redis/fastify-session', bare: fastifyBare, store: 'redis' },
]
const bares: readonly App[] = [
  { name: expressBare, program: 'express-bare', bare: undefined, store: 'none' },
  { name: fastifyBare, program: 'fastify-bare', bare: undefined, store: 'none' },
]
const operations: ReadonlyMap<string, Load> = new Map([
  ['read', { method: 'GET', path: '/read' }],
  ['write', { method: 'POST', path: '/write' }],
])

export async function runSessions(bench: Bench): Promise<Row[]> {
  const { stage, progress, plan } = bench
  progress('starting the contenders')
  const redis = await startRedis(stage)
  const stores = {
    redis: `redis://127.0.0.1:${redis.ports[0]}`,
    sqlite: `sqlite:${join(await stage.folder(), 'sessions.db')}`,
    none: '',
  }
  const apps = [...bares, ...ours, ...peers]
  const started = await Promise.all(
    apps.map(async (app) => ({ app, program: await startApp(stage, app, stores[app.store]) })),
  )
  const contenders: Contender[] = []
  for (const { app, program } of started) {
    contenders.push(await prepare(app, program, app.store === 'redis' ? redis.pid : undefined))
  }
  const measurement = await measure(bench, contenders)
  return [...operations.keys()].flatMap((operation) =>
    ours.flatMap((our) => peers.flatMap((peer) => compare(measurement, operation, our, peer, plan.seconds))),
  )
}

function compare(measurement: Measurement, operation: string, our: App, peer: App, seconds: number): Row[] {
  const ourFigures = measurement.figures(our.name, operation)
  const peerFigures = measurement.figures(peer.name, operation)
  const what = `sessions: ${operation}, ${our.name}`
  const added = [our, peer].map((app) => addedCpu(measurement, operation, app, seconds))
  const rows = [
    makeRow(`${what}: CPU added to the app`, peer.name, 'µs CPU/request', added[0] ?? 0, added[1] ?? 0),
    makeRow(
      `${what}: the app`,
      peer.name,
      'requests/s',
      ourFigures.requestsPerSecond,
      peerFigures.requestsPerSecond,
    ),
  ]
  if (our.store === 'redis') rows.push(compareStores(what, peer, ourFigures, peerFigures))
  return rows
}

function compareStores(what: string, peer: App, our: Figures, their: Figures): Row {
  const figures = [our.storeCpuMicrosPerRequest ?? 0, their.storeCpuMicrosPerRequest ?? 0] as const
  return makeRow(`${what}: CPU of Redis itself`, peer.name, 'µs CPU/request', ...figures)
}

/** What the sessions cost on top of the same framework's app without them. */
function addedCpu(measurement: Measurement, operation: string, app: App, seconds: number): number {
  const whole = measurement.figures(app.name, operation)
  const bare = measurement.figures(app.bare ?? app.name, operation)
  // Where a short run on a busy machine shows less than nothing, the smallest that the clock can show stands for it.
  const smallest = cpuResolutionMicros / (whole.requestsPerSecond * seconds)
  return Math.max(whole.cpuMicrosPerRequest - bare.cpuMicrosPerRequest, smallest)
}

/** Redis in memory only: what is compared is the work asked of it, not its disk. */
async function startRedis(stage: Stage): Promise<Program> {
  const port = await freePort()
  const folder = await stage.folder()
  const settings = { bind: '127.0.0.1', port: String(port), dir: folder, save: '', appendonly: 'no' }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  return startServer(stage, requirePart(redisServer), args, port)
}

function startApp(stage: Stage, app: App, store: string): Promise<Program> {
  return startNode(stage, new URL(`../contenders/${app.program}.ts`, import.meta.url), [store])
}

/** Fills one session per connection and sees that a session is kept, so that what is measured is what works. */
async function prepare(app: App, program: Program, storePid: number | undefined): Promise<Contender> {
  const {
    pid,
    ports: [port = 0],
  } = program
  const origin = `http://127.0.0.1:${port}`
  const cookies: string[] = []
  for (let number = 1; number <= connections; number++) {
    const name = `visitor-${number}`
    const cookie = await fill(app, origin, name)
    if (number === 1) await verify(app, origin, name, cookie)
    cookies.push(cookie)
  }
  const loads = new Map([...operations].map(([name, load]) => [name, { ...load, cookies }]))
  return { name: app.name, port, pid, loads, ...(storePid === undefined ? {} : { storePid }) }
}

/** The Cookie header of a new session. */
async function fill(app: App, origin: string, name: string): Promise<string> {
  const response = await fetch(`${origin}/fill/${name}`, { method: 'POST' })
  const text = await response.text()
  // A bare app gets a cookie too, and ignores it: reading the header is no session's work.
  const cookie =
    app.bare === undefined ? `sid=${'0'.repeat(43)}` : response.headers.get('set-cookie')?.split(';')[0]
  if (response.ok && cookie !== undefined) return cookie
  throw new Error(`${app.name} is out: a new session answered ${response.status} ${text}`)
}

/** Rejects unless the app reads what was written before, and what it writes itself. */
async function verify(app: App, origin: string, name: string, cookie: string): Promise<void> {
  const answers = [
    await ask(`${origin}/read`, 'GET', cookie),
    await ask(`${origin}/write`, 'POST', cookie),
    await ask(`${origin}/write`, 'POST', cookie),
  ].join(' ')
  const wanted = `{"name":"${name}"} {"count":1} {"count":2}`
  if (answers !== wanted) throw new Error(`${app.name} is out: it answered ${answers} instead of ${wanted}`)
}

async function ask(url: string, method: string, cookie: string): Promise<string> {
  const response = await fetch(url, { method, headers: { cookie } })
  return response.text()
}
