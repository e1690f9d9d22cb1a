// State in the memory of a process.
import type { Explanation } from './explanation.ts'

export const inMemorySession: Explanation = {
  title: 'Session in memory',
  what: 'The session store keeps visitors in the memory of the process, as the default store of most frameworks does.',
  shows:
    'Users are signed out at random, once a balancer sends them to another instance, and all of them at each deploy.',
  drover:
    "Sessions of drover (import { sessions } from 'drover') rest in SQLite, Redis or PostgreSQL; for express-session, change its import to 'drover/express-session'.",
  standard: 'Give the session middleware a store that all instances share, such as connect-redis.',
  before: `import session from 'express-session'
app.use(session({ secret }))`,
  after: `import session from 'drover/express-session'
app.use(session({ secret }))`,
}

export const moduleState: Explanation = {
  title: 'State in a variable',
  what: 'A variable outside the handler, such as a Map, an array or a counter, keeps what requests did.',
  shows:
    'What one request saved is there or not, depending on who answers the next; counters jump; all of it is gone after a restart.',
  drover:
    'What belongs to a visitor can live in the session: const data = await req.session.data(), with drover/express and its siblings.',
  standard: 'Keep it in the database, or in Redis, and read it for each request.',
  before: `const carts = new Map()
app.post('/cart', (req, res) => {
  carts.set(req.query.user, req.body)
  res.sendStatus(204)
})`,
  after: `app.post('/cart', async (req, res) => {
  await redis.hSet('carts', req.query.user, JSON.stringify(req.body))
  res.sendStatus(204)
})`,
}

export const inProcessCache: Explanation = {
  title: 'Cache in memory that goes stale',
  what: 'Answers are remembered in the process, and a change clears only the memory of the instance that made it.',
  shows: 'After a change, users see now the new, now the old, until the entry runs out.',
  drover: undefined,
  standard:
    'Cache where all instances look (Redis), or tell all of them to forget (publish and subscribe), or keep entries so short that stale ones are acceptable.',
  before: `const cache = new Map()
app.get('/price/:id', async (req, res) => {
  if (!cache.has(req.params.id)) cache.set(req.params.id, await loadPrice(req.params.id))
  res.json(cache.get(req.params.id))
})`,
  after: `app.get('/price/:id', async (req, res) => {
  const key = 'price:' + req.params.id
  let price = await redis.get(key)
  if (price === null) {
    price = JSON.stringify(await loadPrice(req.params.id))
    await redis.set(key, price, { EX: 60 }) // and redis.del(key) where the price changes
  }
  res.type('json').send(price)
})`,
}

export const rateLimiter: Explanation = {
  title: 'Rate limit counted in memory',
  what: 'Each instance counts requests for itself.',
  shows: 'With N instances a client may do N times as much, and counts start anew at each restart.',
  drover: 'rateLimit of drover/rate-limit counts where the sessions are: SQLite, Redis or PostgreSQL.',
  standard:
    "Give the limiter a shared store, such as rate-limit-redis or rate-limiter-flexible's RateLimiterRedis.",
  before: `import { rateLimit } from 'express-rate-limit'
app.use(rateLimit({ windowMs: 60_000, limit: 100 }))`,
  after: `import { rateLimit } from 'drover/rate-limit'
import { redisSessionStore } from 'drover/redis'
const store = redisSessionStore(process.env.REDIS_URL)
app.use(rateLimit({ store, limit: 100, per: '1m', onUnavailable: 'allow' }).middleware)`,
}

export const acknowledgedBeforeWritten: Explanation = {
  title: 'Answered before it was written',
  what: 'The answer leaves while the change is still in memory: a buffered write, a debounced save, a promise that nobody awaits.',
  shows: 'A crash or a deploy loses what users were told is saved.',
  drover: 'For sessions: those of drover are written before the first byte of the answer leaves.',
  standard: 'Await the write before answering; flush buffers on the way, not on a timer.',
  before: `app.post('/notes', (req, res) => {
  notes.push(req.body)
  setTimeout(saveToDatabase, 1_000)
  res.sendStatus(201)
})`,
  after: `app.post('/notes', async (req, res) => {
  await database.query('insert into notes (text) values ($1)', [req.body.text])
  res.sendStatus(201)
})`,
}
