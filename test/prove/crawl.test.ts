// The crawl against small real servers: what it makes of a shop of forms and of a JSON API behind a page.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import express, { type Request, type Response } from 'express'
import { crawl, crawlOptions, type Crawled, type CrawlOptions } from '../../src/prove/crawl/crawl.ts'
import type { HttpStep } from '../../src/prove/flow/flow.ts'
import { listen } from '../support/free-port.ts'

async function crawled(app: RequestListener, options: Partial<CrawlOptions> = {}): Promise<Crawled> {
  const server = createServer(app)
  const port = await listen(server)
  try {
    const signal = new AbortController().signal
    return await crawl(`http://127.0.0.1:${port}`, { ...crawlOptions, signal, ...options })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const requests = ({ flow }: Crawled) => flow.steps.filter((step): step is HttpStep => step.kind === 'http')
const lines = (result: Crawled) =>
  requests(result).map(({ client, method, path }) => `${client} ${method} ${path}`)
const indexOf = (result: Crawled, line: string) => {
  const index = lines(result).indexOf(line)
  assert.ok(index >= 0, `${line} is missing in\n${lines(result).join('\n')}`)
  return index
}

interface Visitor {
  readonly csrf: string
  user?: string | undefined
  cart: string[]
}

/** Registration, login, a cart and an order, each form with the CSRF token of the session. */
function shop(): RequestListener {
  const sessions = new Map<string, Visitor>()
  const users = new Map<string, string>()
  const app = express()
  app.use(express.urlencoded({ extended: false }))
  const visitorOf = (request: Request, response: Response): Visitor => {
    const id = /sid=([^;]+)/.exec(request.get('cookie') ?? '')?.[1] ?? randomUUID()
    const visitor = sessions.get(id) ?? { csrf: randomUUID(), cart: [] }
    sessions.set(id, visitor)
    response.cookie('sid', id)
    return visitor
  }
  const form = ({ csrf }: Visitor, action: string, fields: string) =>
    `<form method="post" action="${action}"><input type="hidden" name="_csrf" value="${csrf}">${fields}<button>Go</button></form>`
  const page = (body: string) =>
    `<nav><a href="/">Home</a><a href="/login">Log in</a><a href="/register">Register</a><a href="/cart">Cart</a><a href="/logout">Log out</a></nav>${body}`
  app.use((request, response, next) => {
    const visitor = visitorOf(request, response)
    if (request.method === 'POST' && request.body._csrf !== visitor.csrf) response.status(403).send('CSRF')
    else next()
  })
  const secret = '<input name="email" type="email"><input name="password" type="password">'
  app.get(
    '/',
    (_request, response) => void response.send(page('<a href="/items/1">Mug</a><a href="/items/2">Cup</a>')),
  )
  app.get('/items/:id', (request, response) => {
    const fields = `<input type="hidden" name="item" value="${request.params.id}"><input type="number" name="quantity" value="1">`
    response.send(page(form(visitorOf(request, response), '/cart', fields)))
  })
  app.get('/register', (request, response) => {
    response.send(
      page(form(visitorOf(request, response), '/register', `${secret}<input name="again" type="password">`)),
    )
  })
  app.post('/register', ({ body }, response) => {
    if (body.password !== body.again || users.has(body.email))
      return void response.status(400).send(page('no'))
    users.set(body.email, body.password)
    response.redirect('/login')
  })
  app.get(
    '/login',
    (request, response) => void response.send(page(form(visitorOf(request, response), '/login', secret))),
  )
  app.post('/login', (request, response) => {
    const { email, password } = request.body
    if (users.get(email) !== password) return void response.status(401).send(page('wrong'))
    visitorOf(request, response).user = email
    response.redirect('/cart')
  })
  app.get('/cart', (request, response) => {
    const visitor = visitorOf(request, response)
    if (visitor.user === undefined) return response.redirect('/login')
    response.send(
      page(`${visitor.cart.join()}${visitor.cart.length > 0 ? form(visitor, '/checkout', '') : ''}`),
    )
  })
  app.post('/cart', (request, response) => {
    visitorOf(request, response).cart.push(request.body.item)
    response.redirect('/cart')
  })
  app.post('/checkout', (request, response) => {
    visitorOf(request, response).cart = []
    response.redirect(`/orders/${randomUUID()}`)
  })
  app.get('/orders/:id', (_request, response) => void response.send(page('thank you')))
  app.get('/logout', (request, response) => {
    visitorOf(request, response).user = undefined
    response.redirect('/')
  })
  return app
}

test('a shop of forms: registers, logs in, fills the cart, orders, lets another in, and logs out last', async () => {
  const result = await crawled(shop())
  const order = ['POST /register', 'POST /login', 'POST /cart', 'POST /checkout'].map((write) =>
    indexOf(result, `visitor ${write}`),
  )
  assert.deepEqual(
    order,
    order.toSorted((one, other) => one - other),
  )
  const register = requests(result)[order[0] ?? 0]
  assert.ok(register?.body?.kind === 'form')
  assert.equal(register.body.fields['password'], register.body.fields['again'])
  assert.match(register.body.fields['_csrf'] ?? '', /^\$\{_?csrf\d*\}$/)
  assert.deepEqual(result.flow.clients, ['visitor', 'other'])
  assert.ok(indexOf(result, 'visitor GET /logout') > indexOf(result, 'other POST /login'))
  const last = order.at(-1) ?? 0
  assert.match(
    lines(result)
      .slice(last + 1)
      .join('\n'),
    /visitor GET \$\{location\d*\}|visitor GET \/orders\/\$\{\w+\}/,
  )
  assert.match(
    lines(result)
      .slice(last + 1)
      .join('\n'),
    /visitor GET \/cart/,
  )
  assert.ok(result.flow.steps.length <= 40)
  assert.ok(result.routes.includes('GET /orders/:id') && result.routes.includes('POST /checkout'))
})

/** A page whose script talks to an API of todos with random ids. */
function todos(): RequestListener {
  const todo = new Map<string, { id: string; text: string; done: boolean }>()
  const app = express()
  app.use(express.json())
  app.get(
    '/',
    (_request, response) => void response.send('<div id="app"></div><script src="/app.js"></script>'),
  )
  app.get('/app.js', (_request, response) => {
    response.type('js')
      .send(`fetch('/api/todos'); fetch('/api/todos', { method: 'POST', body: JSON.stringify({ text }) })
      fetch('/api/todos/' + id, { method: 'DELETE' }); fetch(\`/api/todos/\${id}/toggle\`, { method: 'POST' })`)
  })
  app.get('/api/todos', (_request, response) => void response.json([...todo.values()]))
  app.post('/api/todos', ({ body }, response) => {
    if (typeof body.text !== 'string' || typeof body.list !== 'string')
      return void response.status(400).json({ error: 'list is required' })
    const one = { id: randomUUID(), text: body.text, done: false }
    todo.set(one.id, one)
    response.status(201).json(one)
  })
  app.get('/api/todos/:id', ({ params }, response) => {
    const one = todo.get(params.id)
    if (one === undefined) response.status(404).json({})
    else response.json(one)
  })
  app.post('/api/todos/:id/toggle', ({ params }, response) => {
    const one = todo.get(params.id)
    if (one === undefined) return void response.status(404).json({})
    one.done = !one.done
    response.json(one)
  })
  app.delete('/api/todos/:id', ({ params }, response) => {
    response.status(todo.delete(params.id) ? 204 : 404).end()
  })
  return app
}

test('an API behind a page: creates what a refusal asks for, reads it back by its id, acts on it, deletes it and looks again', async () => {
  const result = await crawled(todos())
  const created = requests(result).find(({ method, path }) => method === 'POST' && path === '/api/todos')
  assert.deepEqual(created?.capture, { id: { from: 'json', path: 'id' } })
  assert.ok(created.body?.kind === 'json')
  assert.deepEqual(Object.keys(created.body.value as object), ['text', 'list'])
  const at = [
    'POST /api/todos',
    'GET /api/todos/${id}',
    'POST /api/todos/${id}/toggle',
    'DELETE /api/todos/${id}',
  ].map((line) => indexOf(result, `visitor ${line}`))
  assert.deepEqual(
    at,
    at.toSorted((one, other) => one - other),
  )
  const after = lines(result).slice((at.at(-1) ?? 0) + 1)
  assert.deepEqual(after.slice(0, 2), ['visitor GET /api/todos/${id}', 'visitor GET /api/todos'])
})

test('a JSON login gives its token to what follows; routes that the framework tells are driven', async () => {
  const app = express()
  const token = `secret-${randomUUID()}`
  app.use(express.json())
  app.post('/api/auth/login', ({ body }, response) => {
    if (body.username === 'ann' && body.password === 'pw-of-ann') response.json({ token })
    else response.status(401).json({ error: 'wrong' })
  })
  app.get('/api/me', (request, response) => {
    response.status(request.get('authorization') === `Bearer ${token}` ? 200 : 401).json({ user: 'ann' })
  })
  const result = await crawled(app, {
    knownRoutes: ['POST /api/auth/login', 'GET /api/me'],
    accounts: [{ user: 'ann', email: 'ann', password: 'pw-of-ann' }],
  })
  const me = requests(result).findLast(({ client, path }) => client === 'visitor' && path === '/api/me')
  assert.equal(me?.headers['authorization'], 'Bearer ${token}')
})

test('the same seed makes the same flow, and the bounds are kept', async () => {
  const [one, other] = [await crawled(shop()), await crawled(shop())]
  assert.deepEqual(one.flow, other.flow)
  const small = await crawled(shop(), { maxSteps: 10, maxRequests: 60 })
  assert.ok(small.flow.steps.length <= 10)
  const names = small.flow.steps.flatMap((step) =>
    step.kind === 'http' ? [`${step.method} ${step.path}`] : [],
  )
  assert.ok(names.includes('POST /login'), names.join('\n'))
})

test('a page that is shown at every address is one page; an address that hangs is none', async () => {
  const app: RequestListener = (request, response) => {
    if (request.url === '/hangs') return
    response.setHeader('content-type', 'text/html')
    response.end('<a href="/about">About</a><a href="/hangs">…</a>')
  }
  const result = await crawled(app, { requestTimeoutMs: 300 })
  assert.deepEqual([...new Set(lines(result))].toSorted(), ['visitor GET /', 'visitor GET /about'])
})

test('an aborted crawl rejects with the reason', async () => {
  const signal = AbortSignal.abort(new Error('interrupted'))
  await assert.rejects(crawled(shop(), { signal }), /interrupted/)
})

test('a stream of events that a script listens to is opened once, and something is written after it', async () => {
  const app = express()
  app.use(express.json())
  const said: string[] = []
  app.get('/', (_request, response) => {
    response.send(`<script>new EventSource('/news'); fetch('/say', { method: 'POST' })</script>`)
  })
  app.get('/news', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
  })
  app.post('/say', (_request, response) => void response.json({ said: said.push('hi') }))
  const result = await crawled(app)
  const opened = indexOf(result, 'visitor GET /news')
  assert.ok(lines(result).lastIndexOf('visitor POST /say') > opened)
  assert.equal(lines(result).lastIndexOf('visitor GET /news'), opened)
  assert.equal(result.leavesSockets, undefined)
})

test('an app that takes WebSockets where the crawl finds none is said to do so', async () => {
  const server = createServer((_request, response) => void response.end('<h1>Hello</h1>'))
  server.on('upgrade', (_request, socket) => void socket.end('HTTP/1.1 404 Not Found\r\n\r\n'))
  const port = await listen(server)
  try {
    const { signal } = new AbortController()
    const result = await crawl(`http://127.0.0.1:${port}`, { ...crawlOptions, signal })
    assert.equal(result.leavesSockets, true)
    assert.ok(
      result.skipped.includes(
        'a WebSocket at the front page is refused: if the app takes any elsewhere, no step opens one',
      ),
    )
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
