// Makes a flow by looking around in one running instance: pages, forms, and the JSON API its scripts use.
import type { Flow, Step } from '../flow/flow.ts'
import { actingClients } from '../flow/reading.ts'
import { ApiTour } from './api-tour.ts'
import { Atlas } from './atlas.ts'
import { Entering } from './entering.ts'
import type { Account } from './form.ts'
import { foldPath } from './routes.ts'
import { selectSteps } from './selection.ts'
import { mayTakeSockets, pollSocketIo, socketSteps } from './sockets.ts'
import { socketIoSteps } from './socket-io.ts'
import { noHints, type SourceHints } from './source-hints.ts'
import { Tour } from './tour.ts'
import { isStream, Journey, type Visit, Visitor } from './visitor.ts'

export interface CrawlOptions {
  /** Same seed and same app, same flow. */
  readonly seed: number
  /** Of the flow. */
  readonly maxSteps: number
  /** Of the crawl, however many of them become steps. */
  readonly maxRequests: number
  readonly timeoutMs: number
  /** Of one request: what takes longer is no page to put into a flow. */
  readonly requestTimeoutMs: number
  /** What the requests call the app; as the driver does. */
  readonly host: string
  /** Routes that the framework knows, such as `GET /orders/:id`; empty where they are not known. */
  readonly knownRoutes: readonly string[]
  /** Seen in the app's source. */
  readonly hints: SourceHints
  /** Who may log in. Without, a visitor registers, or tries what the login page tells and what is usual. */
  readonly accounts: readonly Account[]
  readonly signal: AbortSignal
}

export const crawlOptions: Omit<CrawlOptions, 'signal'> = {
  seed: 1,
  maxSteps: 40,
  maxRequests: 300,
  timeoutMs: 15_000,
  requestTimeoutMs: 2_500,
  host: 'localhost:3000',
  knownRoutes: [],
  hints: noHints,
  accounts: [],
}

export interface Crawled {
  /** Without steps where nothing answered. */
  readonly flow: Flow
  /** Seen to answer, as `GET /orders/:id`, whether or not the flow has them. */
  readonly routes: readonly string[]
  /** One sentence each. */
  readonly skipped: readonly string[]
  /** The app may take WebSockets, and no step opens one. */
  readonly leavesSockets?: boolean
}

const pages = ['/login', '/register', '/signup', '/api', '/health', '/robots.txt']
/** Asked only where the front page leads nowhere. */
const nouns = [
  'users',
  'items',
  'todos',
  'tasks',
  'products',
  'posts',
  'notes',
  'messages',
  'books',
  'movies',
  'orders',
  'cart',
  'comments',
  'articles',
  'contacts',
  'events',
  'counter',
  'status',
  'stats',
  'visits',
  'session',
  'me',
  'profile',
]

/** Rejects with the signal's reason. What the app does wrong is no failure: it is left out of the flow. */
export async function crawl(origin: string, options: CrawlOptions): Promise<Crawled> {
  const journey = new Journey(origin, options.host, options, options.signal)
  const atlas = new Atlas(journey, options.knownRoutes, options.hints)
  const tour = new Tour(journey, atlas, options.seed)
  const entering = new Entering(tour, atlas, options.seed, [...options.accounts, ...options.hints.accounts])
  const api = new ApiTour(tour, atlas, options.seed)
  const visitor = new Visitor('visitor')
  await lookAround(tour, visitor, atlas)
  if (entering.isPossible) await enter(entering, tour, visitor, atlas)
  await tour.fillForms(visitor)
  await api.run(visitor)
  await tour.look(visitor)
  await tour.fillForms(visitor)
  if (entering.isPossible) await meetAnother(entering, tour, visitor)
  await sayAgain(tour, visitor)
  await pollSocketIo(tour, visitor)
  await readTwice(tour, visitor)
  await end(tour, api, visitor, atlas)
  await hurry(tour, visitor)
  const mayTake = await mayTakeSockets(origin, options)
  const isWorthIt = mayTake || atlas.socketPaths.size > 0
  const sockets = isWorthIt ? await talk(origin, atlas, options.hints, [visitor.name, 'other']) : []
  const crawled = result(journey, atlas, options, sockets)
  if (!mayTake || sockets.length > 0) return crawled
  const skipped = [
    ...crawled.skipped,
    'a WebSocket at the front page is refused: if the app takes any elsewhere, no step opens one',
  ]
  return { ...crawled, skipped, leavesSockets: true }
}

async function talk(
  origin: string,
  atlas: Atlas,
  hints: SourceHints,
  clients: readonly [string, string],
): Promise<readonly Step[]> {
  const plain = await socketSteps(origin, [...atlas.socketPaths], clients)
  return plain.length > 0 ? plain : socketIoSteps(origin, hints.socketEvents, clients)
}

async function lookAround(tour: Tour, visitor: Visitor, atlas: Atlas): Promise<void> {
  await tour.begin(visitor, pages)
  await tour.look(visitor)
  const found = tour.journey.visits.filter(
    ({ answer, purpose }) => answer.status === 200 && purpose !== 'failed',
  )
  if (found.length < 4 && atlas.calls.size === 0) {
    await tour.begin(
      visitor,
      nouns.flatMap((noun) => [`/api/${noun}`, `/${noun}`]),
    )
    await tour.look(visitor)
  }
}

/** Registers or logs in, then asks again for what was refused before. */
async function enter(entering: Entering, tour: Tour, visitor: Visitor, atlas: Atlas): Promise<void> {
  const refused = tour.journey.visits.filter(isRefused).map(({ step }) => step.path)
  await entering.enter(visitor)
  if (!visitor.hasEntered && visitor.token === undefined) return
  const write = tour.journey.visits.findLast(({ purpose }) => purpose === 'enter')
  if (write === undefined) return
  for (const path of [...new Set(['/', ...refused])].slice(0, 6)) {
    const visit = await tour.readAgain(visitor, path, write)
    if (visit !== undefined) atlas.note(visit, 1)
  }
  await tour.look(visitor)
}

function isRefused({ answer, step, purpose }: Visit): boolean {
  if (purpose === 'failed' || step.method !== 'GET') return false
  const location = answer.headers['location']?.[0] ?? ''
  return (
    answer.status === 401 ||
    answer.status === 403 ||
    (answer.status >= 300 && /log-?in|sign-?in|auth/i.test(location))
  )
}

/** Another visitor enters, sees what the first one sees, and does what the first one did; the first one looks again. */
async function meetAnother(entering: Entering, tour: Tour, visitor: Visitor): Promise<void> {
  const other = new Visitor('other')
  await entering.enter(other)
  const entered = tour.journey.visits.findLast(
    ({ step, purpose }) => step.client === 'other' && purpose === 'enter',
  )
  if (entered === undefined) return
  const written = tour.journey.visits.filter(
    ({ step, purpose, answer }) =>
      step.client === visitor.name && purpose === 'read-back' && answer.status === 200,
  )
  const paths = [...new Set(written.map(({ step }) => step.path))]
    .filter((path) => !path.includes('?'))
    .slice(0, 3)
  for (const path of paths) await tour.readAgain(other, path, entered)
  const write = (await tour.repeat(other)) ?? entered
  for (const path of paths.slice(0, 1)) await tour.readAgain(visitor, path, write)
}

/** Whoever listens to a stream of events hears of what is done after it was opened. */
async function sayAgain({ journey }: Tour, visitor: Visitor): Promise<void> {
  const opened = journey.visits.find((visit) => isStream(visit) && visit.purpose !== 'failed')
  const write = journey.visits.findLast(({ purpose, answer }) => {
    return purpose === 'write' && answer.status >= 200 && answer.status < 400
  })
  if (opened === undefined || write === undefined || write.index > opened.index) return
  const { method, path, body, headers } = write.step
  const needs = [opened.index, ...write.needs]
  await journey.ask(visitor, { method, path, body, headers, purpose: 'write', needs })
}

const readAgainAtMost = 3

/** A page that counts, or that names its server, says so the second time. */
async function readTwice(tour: Tour, visitor: Visitor): Promise<void> {
  const read = tour.journey.visits
    .filter(({ step, purpose, answer }) => {
      return purpose === 'read' && step.client === visitor.name && answer.status < 300 && answer.status > 0
    })
    .filter((visit) => !isStream(visit))
  for (const path of [...new Set(read.map(({ step }) => step.path))].slice(0, readAgainAtMost))
    await tour.journey.ask(visitor, { path, purpose: 'read-back' })
}

const burst = 12

/** Asks for one page many times in a row; the flow keeps that where a limit turned somebody away. */
async function hurry(tour: Tour, visitor: Visitor): Promise<void> {
  const { journey } = tour
  const path = journey.visits.find(
    (visit) =>
      visit.purpose === 'read' &&
      visit.step.method === 'GET' &&
      visit.answer.status === 200 &&
      !isStream(visit),
  )?.step.path
  if (path === undefined) return
  const asked: Visit[] = []
  for (let count = 0; count < burst; count += 1) {
    const visit = await journey.ask(visitor, { path, purpose: 'failed' })
    if (visit === undefined) return
    asked.push(visit)
    if (visit.answer.status === 429) break
  }
  if (asked.at(-1)?.answer.status === 429) for (const visit of asked) journey.judge(visit, 'burst')
}

/** Deletes, then logs out and looks whether that is so. */
async function end(tour: Tour, api: ApiTour, visitor: Visitor, atlas: Atlas): Promise<void> {
  await api.end(visitor)
  const destroy = atlas.nextForm(['destroy'])
  if (destroy !== undefined) {
    const visit = await tour.submit(visitor, destroy, 'end', visitor.account)
    if (visit !== undefined) await tour.readBack(visitor, visit, destroy.page)
  }
  const form = atlas.nextForm(['logout'])
  const link = [...atlas.ends].find((path) => /log-?out|sign-?out|logoff/i.test(path))
  const visit =
    form === undefined
      ? link === undefined
        ? undefined
        : await tour.journey.ask(visitor, { path: link, purpose: 'end' })
      : await tour.submit(visitor, form, 'end', visitor.account)
  if (visit === undefined) return
  await tour.follow(visitor, visit)
  await tour.readAgain(visitor, tour.journey.visits.find(isRefused)?.step.path ?? '/', visit)
}

function result(
  journey: Journey,
  atlas: Atlas,
  { maxSteps, maxRequests, timeoutMs }: CrawlOptions,
  sockets: readonly Step[],
): Crawled {
  const { visits } = journey
  const steps = [...selectSteps(visits, maxSteps - sockets.length), ...sockets]
  const flow = { clients: actingClients(steps), steps }
  const answered = visits.filter(
    ({ answer, purpose }) => answer.status > 0 && answer.status < 400 && purpose !== 'failed',
  )
  const routes = [...new Set(answered.map(({ step }) => `${step.method} ${foldPath(step.path)}`))].toSorted()
  const refused = visits.filter(({ purpose, step }) => purpose === 'failed' && step.method !== 'GET')
  const skipped = [
    ...new Set(
      refused.map(
        ({ step, answer }) =>
          `${step.method} ${foldPath(step.path)} answered ${answer.status} to all that was tried`,
      ),
    ),
  ]
  const driven = new Set(
    flow.steps.flatMap((step) => (step.kind === 'http' ? [`${step.method} ${foldPath(step.path)}`] : [])),
  )
  const left = [...atlas.ends].filter((path) => !driven.has(`GET ${foldPath(path)}`)).slice(0, 5)
  return {
    flow,
    routes,
    skipped: [
      ...skipped.filter((line) => !routes.some((route) => line.startsWith(`${route} `))),
      ...left.map((path) => `GET ${path}: left alone, since it looks like an end`),
      ...(journey.isOver
        ? [`the crawl ended at its bounds, ${maxRequests} requests or ${timeoutMs} ms`]
        : []),
    ],
  }
}
