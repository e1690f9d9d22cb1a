// Little apps that keep nothing of their own, but look as if they did.
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { flowOf } from './flows.ts'
import {
  app,
  found,
  withSessions,
  loginFlow,
  notesFlow,
  notes,
  counter,
  tokens,
  tokenFlow,
  limiter,
  getFour,
  type LittleCase,
} from './little-app.ts'

export const statelessCases: readonly LittleCase[] = [
  { name: 'sessions in a database', app: app(withSessions(({ outside }) => outside)), flow: loginFlow },
  {
    name: 'sessions in a database that is not reset',
    app: app(withSessions(({ outside }) => outside)),
    flow: loginFlow,
    keepsOutside: true,
  },
  {
    name: 'a counter in a database',
    app: counter(({ outside }) => outside),
    flow: flowOf('GET /', 'GET /', 'GET /'),
  },
  {
    name: 'a counter in a database that is not reset',
    app: counter(({ outside }) => outside),
    flow: flowOf('GET /', 'GET /'),
    keepsOutside: true,
  },
  { name: 'notes in a database', app: notes(({ outside }) => outside), flow: notesFlow },
  {
    name: 'notes in a database that is not reset',
    app: notes(({ outside }) => outside),
    flow: notesFlow,
    keepsOutside: true,
  },
  { name: 'tokens signed with one secret', app: tokens(() => 'one for all'), flow: tokenFlow },
  { name: 'a limiter in a database', app: limiter(({ outside }) => outside, 100, true), flow: getFour },
  {
    name: 'a limiter in a database that is not reset',
    app: limiter(({ outside }) => outside, 1000, true),
    flow: getFour,
    keepsOutside: true,
  },
  {
    name: 'caches of pure functions, and settings read late',
    app: app(({ outside }) => {
      const squares = new Map<number, number>()
      return ({ url }) => {
        const number = Number(url.searchParams.get('n'))
        if (!squares.has(number)) squares.set(number, number * number)
        return { body: { square: squares.get(number), known: outside.size } }
      }
    }),
    flow: flowOf('GET /?n=3', 'GET /?n=3', 'GET /?n=4'),
  },
  {
    name: 'random CSRF tokens in a form and a cookie',
    app: app(() => ({ route, cookies, fields }) => {
      if (route === 'POST /send')
        return cookies.get('csrf') === fields['csrf'] ? found('/') : { status: 403, body: 'Forbidden' }
      const token = randomBytes(24).toString('base64')
      const safe = encodeURIComponent(token)
      return {
        headers: {
          'set-cookie': `csrf=${safe}; Path=/`,
          'content-security-policy': `script-src 'nonce-${token}'`,
        },
        body: `<form><input name="csrf" value="${safe}"><script nonce="${token}">go()</script></form>`,
      }
    }),
    flow: flowOf('GET / -> csrf=regex:name="csrf" value="([^"]+)"', 'POST /send form:csrf=${csrf}', 'GET /'),
  },
  {
    name: 'times in every form',
    app: app(() => () => {
      const now = new Date()
      const second = Math.floor(now.getTime() / 1000)
      return {
        headers: { 'x-response-time': `${Math.random().toFixed(2)}ms`, 'last-modified': now.toUTCString() },
        body: {
          iso: now.toISOString(),
          text: String(now),
          utc: now.toUTCString(),
          local: now.toLocaleString('en-US'),
          clock: now.toLocaleTimeString('en-US'),
          second,
          ms: now.getTime(),
          file: `${now.getTime()}-photo.png`,
          ago: `${now.getSeconds() % 7} seconds ago`,
          took: Math.random() * 20,
          hash: createHash('sha256').update(String(second)).digest('hex'),
          uptime: process.uptime(),
          memoryUsage: { rss: randomInt(50), heapUsed: randomInt(50) },
        },
      }
    }),
    flow: flowOf('GET /', 'GET /', 'GET /'),
  },
  {
    name: 'temporary files that nobody reads',
    app: app(({ disk }) => ({ route }) => {
      disk.set(`tmp/${randomUUID()}`, 'scratch')
      return { body: { route } }
    }),
    flow: flowOf('POST /resize {"x":1}', 'GET /'),
  },
  {
    name: 'random ids of things in a database',
    app: app(({ outside }) => ({ route, url, fields }) => {
      if (route === 'POST /items') {
        const id = randomUUID()
        outside.set(id, fields['name'] ?? '')
        return {
          status: 201,
          headers: { location: `/items/${id}` },
          body: { id, links: { self: `/items/${id}` } },
        }
      }
      const id = url.pathname.split('/').at(-1) ?? ''
      return outside.has(id)
        ? { body: { id, name: outside.get(id) } }
        : { status: 404, body: { error: 'not found' } }
    }),
    flow: flowOf(
      'POST /items {"name":"lamp"} -> id=json:id',
      'GET /items/${id}',
      'GET /items/${id}',
      'GET /items/7',
    ),
  },
  {
    name: 'dice, and things in no order',
    app: app(() => () => {
      const items = ['a', 'b', 'c', 'd', 'e'].toSorted(() => Math.random() - 0.5)
      return {
        body: { dice: randomInt(1, 7), items, by: { [randomBytes(8).toString('hex')]: items.length } },
      }
    }),
    flow: flowOf('GET /', 'GET /', 'GET /'),
  },
  {
    name: 'its own address in links',
    app: app(({ port }) => ({ request }) => ({
      headers: { link: `<http://127.0.0.1:${port()}/next>; rel="next"` },
      body: `<a href="http://localhost:${port()}/a">a</a> <a href="http://${request.headers.host}/b">b</a> on port ${port()}`,
    })),
    flow: flowOf('GET /', 'GET /'),
  },
  {
    name: 'figures for a collector, and request ids',
    app: app(({ pid }) => {
      let asked = 0
      return ({ route }) => {
        asked += 1
        const headers = { 'content-type': 'text/plain', 'x-request-id': randomUUID() }
        if (route === 'GET /metrics')
          return {
            headers,
            body: `# HELP requests all\n# TYPE requests counter\nrequests ${asked}\nprocess ${pid}\n`,
          }
        return { headers, body: 'fine' }
      }
    }),
    flow: flowOf('GET /', 'GET /metrics', 'GET /', 'GET /metrics'),
  },
  {
    name: 'refuses by what was sent, and goes wrong in the same way each time',
    app: app(() => ({ route, fields }) => {
      if (route === 'GET /broken') return { status: 500, body: `Error: oops at ${randomInt(1000)}` }
      return fields['name'] === undefined
        ? { status: 422, body: { error: 'name is needed' } }
        : { body: fields }
    }),
    flow: flowOf('POST /a {"name":"ann"}', 'POST /a {"x":1}', 'POST /a {"name":"bob"}', 'GET /broken'),
  },
  {
    name: 'a database that counts ids on, run after run',
    app: app(({ outside }) => ({ route, fields, url }) => {
      if (route === 'POST /items') {
        const id = String(Number(outside.get('last') ?? 0) + 1)
        outside.set('last', id)
        outside.set(`/items/${id}`, fields['name'] ?? '')
        return { status: 201, body: { id } }
      }
      return { body: { path: url.pathname, name: outside.get(url.pathname) ?? null } }
    }),
    flow: flowOf(
      'POST /items {"name":"lamp"} -> a=json:id',
      'POST /items {"name":"chair"} -> b=json:id',
      'GET /items/${a}',
      'GET /items/${b}',
    ),
    keepsOutside: true,
  },
]
