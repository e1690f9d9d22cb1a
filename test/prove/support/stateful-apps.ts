// A little app of every kind that keeps something of its own.
import { randomBytes, randomUUID } from 'node:crypto'
import { flowOf } from './flows.ts'
import {
  app,
  listIn,
  push,
  withSessions,
  loginFlow,
  notesFlow,
  notes,
  counter,
  memory,
  tokens,
  tokenFlow,
  limiter,
  getFour,
  type LittleCase,
} from './little-app.ts'

/** What instances will have written by the time somebody reads, unless they are killed before. */
const pendingWrites = new WeakMap<object, { readonly isAlive: () => boolean; readonly text: string }[]>()

export const statefulCases: readonly LittleCase[] = [
  {
    name: 'sessions in memory',
    app: app(withSessions(memory)),
    flow: loginFlow,
    stateful: { modes: 'DDD', writer: 2 },
  },
  {
    name: 'a counter in memory',
    app: counter(memory),
    flow: flowOf('GET /', 'GET /', 'GET /'),
    stateful: { modes: 'DDD', writer: 1 },
  },
  { name: 'notes in memory', app: notes(memory), flow: notesFlow, stateful: { modes: 'DDD', writer: 2 } },
  {
    name: 'notes in a file',
    app: notes(({ disk }) => disk),
    flow: notesFlow,
    stateful: { modes: 'DSS', writer: 2 },
  },
  {
    name: 'a file that is read at boot only',
    app: app(({ disk }) => {
      const list = listIn(disk, 'notes')
      return ({ route, fields }) => {
        if (route === 'POST /notes') {
          list.push(fields['text'] ?? '')
          disk.set('notes', JSON.stringify(list))
        }
        return { body: list }
      }
    }),
    flow: notesFlow,
    stateful: { modes: 'DDS', writer: 2 },
  },
  {
    name: 'a cache that others do not invalidate',
    app: app(({ outside }) => {
      let cached: string | undefined
      return ({ route, fields }) => {
        if (route === 'PUT /title') {
          outside.set('title', fields['title'] ?? '')
          cached = undefined
          return { body: { ok: true } }
        }
        cached ??= outside.get('title') ?? 'untitled'
        return { body: { title: cached } }
      }
    }),
    flow: flowOf(
      'GET /title',
      'PUT /title {"title":"one"}',
      'GET /title',
      'PUT /title {"title":"two"}',
      'GET /title',
    ),
    stateful: { modes: 'DDS', writer: undefined },
  },
  {
    name: 'a limiter that tells what is left',
    app: limiter(memory, 100, true),
    flow: getFour,
    stateful: { modes: 'DDD', writer: 1 },
  },
  {
    name: 'a limiter that is reached',
    app: limiter(memory, 3, false),
    flow: getFour,
    stateful: { modes: 'DDD', writer: undefined },
  },
  {
    name: 'the hostname in a page',
    app: app(({ hostname }) => () => ({ body: `<footer>Served by ${hostname}</footer>` })),
    flow: flowOf('GET /', 'GET /about'),
    // The first request has no restart before it.
    stateful: { modes: 'DS?', writer: undefined },
  },
  {
    name: 'the pid in a header',
    app: app(({ pid }) => () => ({ headers: { 'x-worker': String(pid) }, body: { ok: true } })),
    flow: flowOf('GET /'),
    stateful: { modes: 'DDD', writer: undefined },
  },
  {
    name: 'a random name taken at boot',
    app: app(() => {
      const id = randomUUID()
      return () => ({ body: { server: id } })
    }),
    flow: flowOf('GET /', 'GET /'),
    stateful: { modes: 'DDD', writer: undefined },
  },
  {
    name: 'a key made at boot, told again after a write of no consequence',
    app: app(() => {
      const key = randomBytes(32).toString('hex')
      return ({ route }) => ({ body: route === 'GET /keys' ? { keys: [{ n: key }] } : { ok: true } })
    }),
    flow: flowOf('GET /', 'POST / {"a":1}', 'GET /keys', 'GET /', 'GET /keys'),
    // No step, told as 0.
    stateful: { modes: 'DDD', writer: 0 },
  },
  {
    name: 'configuration that each instance has its own of',
    app: app(({ instance }) => () => ({ body: { currency: instance === 1 ? 'EUR' : 'USD' } })),
    flow: flowOf('GET /', 'GET /', 'GET /'),
    stateful: { modes: 'DDS', writer: undefined },
  },
  {
    name: 'a secret made at boot',
    app: tokens(() => randomBytes(32).toString('hex')),
    flow: tokenFlow,
    stateful: { modes: 'DDD', writer: 1 },
  },
  {
    name: 'seeds a shared database at each boot',
    app: app(({ outside }) => {
      push(outside, 'items', 'lamp', 'chair')
      return () => ({ body: listIn(outside, 'items') })
    }),
    flow: flowOf('GET /items', 'GET /items'),
    stateful: { modes: 'DDD', writer: undefined },
  },
  {
    name: 'long polling that sticks to a server',
    app: app(() => {
      const open = new Set<string>()
      return ({ url, route }) => {
        const sid = url.searchParams.get('sid')
        if (sid !== null && !open.has(sid))
          return { status: 400, body: { code: 1, message: 'Session ID unknown' } }
        if (sid !== null) return { body: route }
        const fresh = randomBytes(10).toString('base64url')
        open.add(fresh)
        return { body: { sid: fresh, upgrades: ['websocket'] } }
      }
    }),
    flow: flowOf(
      'GET /socket.io/?transport=polling -> sid=json:sid',
      'POST /socket.io/?transport=polling&sid=${sid} {"x":1}',
      'GET /socket.io/?transport=polling&sid=${sid}',
    ),
    stateful: { modes: 'DDD', writer: 1 },
  },
  {
    name: 'acknowledges before it writes',
    app: app(({ outside, isAlive }) => ({ route, fields }) => {
      const pending = pendingWrites.get(outside) ?? []
      pendingWrites.set(outside, pending)
      if (route === 'POST /notes') pending.push({ isAlive, text: fields['text'] ?? '' })
      if (route !== 'GET /notes') return { status: 202, body: {} }
      for (const { isAlive: isWriting, text } of pending.splice(0))
        if (isWriting()) push(outside, 'notes', text)
      return { body: listIn(outside, 'notes') }
    }),
    flow: flowOf('POST /notes {"text":"milk"}', 'GET /other', 'GET /notes'),
    stateful: { modes: 'SSD', writer: 1 },
  },
  {
    name: 'ids counted in memory over a shared database',
    app: app(({ outside }) => {
      let next = 1
      return ({ route, fields, url }) => {
        if (route !== 'POST /items') return { body: { item: outside.get(url.pathname) ?? null } }
        const id = next
        next += 1
        outside.set(`/items/${id}`, fields['name'] ?? '')
        return { status: 201, body: { id } }
      }
    }),
    flow: flowOf(
      'POST /items {"name":"lamp"} -> a=json:id',
      'POST /items {"name":"chair"}',
      'GET /items/${a}',
    ),
    stateful: { modes: 'DDD', writer: 1 },
  },
  {
    name: 'a token to reset a password, in memory',
    app: app(() => {
      const open = new Set<string>()
      return ({ route, fields }) => {
        if (route === 'POST /reset')
          return open.delete(fields['token'] ?? '')
            ? { body: { done: true } }
            : { status: 400, body: { error: 'expired' } }
        const token = randomUUID()
        open.add(token)
        return { body: `<a href="/reset?token=${token}">Reset</a>` }
      }
    }),
    flow: flowOf('GET /forgot -> t=regex:token=([\\w-]+)', 'POST /reset form:token=${t}'),
    stateful: { modes: 'DDD', writer: 1 },
  },
  {
    name: 'failed logins counted in memory',
    app: app(() => {
      let failed = 0
      return ({ fields }) => {
        if (failed >= 3) return { status: 423, body: 'Account locked' }
        failed += fields['password'] === 'right' ? 0 : 1
        return { status: 401, body: 'Wrong password' }
      }
    }),
    flow: flowOf(...Array.from({ length: 5 }, () => 'POST /login form:password=wrong')),
    stateful: { modes: 'DDD', writer: undefined },
  },
  {
    name: 'visitors behind one another, each with a client of their own',
    app: notes(memory),
    flow: flowOf('ann POST /notes {"text":"milk"}', 'bob GET /notes'),
    stateful: { modes: 'DDD', writer: 1 },
  },
  {
    name: 'a crash where memory is missing',
    app: app(() => {
      const carts = new Map<string, string[]>()
      return ({ route, request }) => {
        if (route === 'POST /cart') carts.set('ann', ['lamp'])
        else if (!carts.has('ann')) request.socket.destroy()
        return { body: carts.get('ann') ?? [] }
      }
    }),
    flow: flowOf('POST /cart {"x":1}', 'GET /cart'),
    stateful: { modes: 'DDD', writer: 1 },
  },
]
