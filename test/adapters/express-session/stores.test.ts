// What express-session asks of a store, and what it takes from one; tried on express-session and on its drop-in alike.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { inherits } from 'node:util'
import { attributesOf, behaviour, cookieOf, sidOf, Stage } from './stage.ts'
import type { Handler } from './stage.ts'
import { classicSetups, drover, onClassicStore, onExpressSession, upstream } from './setups.ts'
import type { Setup } from './setups.ts'

const count: Handler = (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1
  res.end(String(req.session.count))
}

type Callback = (error?: unknown, session?: unknown) => void

/** A store as they were written before JavaScript had classes. */
function oldStore({ Store }: typeof drover): InstanceType<typeof Store> {
  const sessions = new Map<string, string>()
  function OldStore(this: object): void {
    Reflect.apply(Store, this, [])
  }
  inherits(OldStore, Store)
  Object.assign(OldStore.prototype, {
    get: (sid: string, callback: Callback) => {
      setImmediate(callback, null, JSON.parse(sessions.get(sid) ?? 'null'))
    },
    set: (sid: string, session: object, callback: Callback) => {
      sessions.set(sid, JSON.stringify(session))
      setImmediate(callback)
    },
    destroy: (sid: string, callback: Callback) => {
      sessions.delete(sid)
      setImmediate(callback)
    },
  })
  return Reflect.construct(OldStore, []) as InstanceType<typeof Store>
}

behaviour(
  'a store made by calling session.Store and util.inherits works',
  async (stage) => {
    const store = oldStore(stage.session)
    assert.ok(store instanceof stage.session.Store)
    assert.ok(store instanceof EventEmitter)
    const { visit } = await stage.serve({ store, cookie: { maxAge: 60_000 } }, (req, res) => {
      if (req.url !== '/in') {
        count(req, res)
        return
      }
      req.session.regenerate(() => count(req, res))
    })
    const cookie = cookieOf(await visit())
    assert.equal((await visit('/', { cookie })).text, '2')
    const renewed = cookieOf(await visit('/in', { cookie }))
    assert.equal((await visit('/', { cookie: renewed })).text, '2')
    assert.equal((await visit('/', { cookie })).text, '1')
  },
  classicSetups,
)

behaviour(
  'a store that extends the base class of express-session works in full',
  async (stage) => {
    const sets: string[] = []
    class Counting extends upstream.MemoryStore {
      override set(
        ...[sid, session, callback]: Parameters<InstanceType<typeof drover.MemoryStore>['set']>
      ): void {
        sets.push(sid)
        super.set(sid, session, callback)
      }
    }
    const { visit } = await stage.serve({ store: new Counting(), cookie: { maxAge: 60_000 } }, (req, res) => {
      if (req.url === '/save') {
        req.session.user = 'ann'
        req.session.save(() => res.end(String(req.session.cookie.originalMaxAge)))
      } else if (req.url === '/reload') {
        req.session.reload(() => {
          req.session.user = 'bob'
          req.session.save(() => res.end(req.session.user))
        })
      } else if (req.url === '/out') req.session.destroy(() => res.end())
      else count(req, res)
    })
    const cookie = cookieOf(await visit())
    assert.equal((await visit('/', { cookie })).text, '2')
    sets.length = 0
    await visit('/save', { cookie })
    assert.equal((await visit('/reload', { cookie })).text, 'bob')
    assert.equal(sets.length, 2)
    await visit('/out', { cookie })
    assert.equal((await visit('/', { cookie })).text, '1')
  },
  classicSetups,
)

behaviour(
  'get: an error is for the error handler, and no session begins',
  async (stage) => {
    const store = new stage.session.MemoryStore()
    const { visit } = await stage.serve({ store, unset: 'destroy' }, count)
    const cookie = cookieOf(await visit())
    const { get } = { get: store.get.bind(store) }
    store.get = (_sid, callback) => {
      callback(new Error('boom!'))
    }
    const answer = await visit('/', { cookie })
    assert.deepEqual([answer.status, answer.text, answer.cookies], [500, 'boom!', []])
    store.get = get
    // Only we: express-session takes the missing session for one that the app unset, and destroys it.
    if (stage.session === drover) assert.equal((await visit('/', { cookie })).text, '2')
  },
  classicSetups,
)

behaviour(
  'get: the error ENOENT is a session that does not exist',
  async (stage) => {
    const store = new stage.session.MemoryStore()
    store.get = (_sid, callback) => {
      callback(Object.assign(new Error('no such file'), { code: 'ENOENT' }))
    }
    const { visit } = await stage.serve({ store }, count)
    const first = await visit()
    const second = await visit('/', { cookie: cookieOf(first) })
    assert.equal(second.text, '1')
    assert.notEqual(sidOf(second), sidOf(first))
  },
  classicSetups,
)

for (const nothing of [undefined, null, false, '']) {
  behaviour(
    `get: ${String(nothing)} is a session that does not exist`,
    async (stage) => {
      const store = new stage.session.MemoryStore()
      store.get = (_sid, callback) => {
        callback(null, nothing as never)
      }
      const { visit } = await stage.serve({ store }, count)
      assert.equal((await visit('/', { cookie: cookieOf(await visit()) })).text, '1')
    },
    classicSetups,
  )
}

behaviour(
  'get: a session without a cookie is an error, as it cannot be one',
  async (stage) => {
    const store = new stage.session.MemoryStore()
    const { visit } = await stage.serve({ store }, count)
    const first = await visit()
    store.set(sidOf(first), { user: 'ann' } as never)
    const answer = await visit('/', { cookie: cookieOf(first) })
    assert.equal(answer.status, 500)
    assert.match(answer.text, /Cannot read prop/)
  },
  classicSetups,
)

behaviour(
  'a store that says it is disconnected is left alone until it is back',
  async (stage) => {
    const store = new stage.session.MemoryStore()
    const { visit } = await stage.serve({ store }, (req, res) => {
      res.end(typeof req.session)
    })
    store.emit('disconnect')
    const answer = await visit()
    assert.deepEqual([answer.text, answer.cookies], ['undefined', []])
    store.emit('connect')
    assert.equal((await visit()).text, 'object')
  },
  classicSetups,
)

behaviour(
  'touch: its error comes to the error handler after the answer',
  async (stage) => {
    const store = new stage.session.MemoryStore()
    store.touch = (_sid, _session, callback) => {
      callback?.(new Error('boom!'))
    }
    const served = await stage.serve({ store }, (req, res) => {
      req.session.user = 'ann'
      res.end('fine')
    })
    const answer = await served.visit('/', { cookie: cookieOf(await served.visit()) })
    assert.deepEqual([answer.status, answer.text], [200, 'fine'])
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(
      served.lateErrors.map(({ message }) => message),
      ['boom!'],
    )
  },
  classicSetups,
)

behaviour(
  'MemoryStore: lists, counts and clears the live sessions',
  async (stage) => {
    const store = new stage.session.MemoryStore()
    const { visit } = await stage.serve({ store }, (req, res) => {
      if (req.url === '/short') req.session.cookie.maxAge = -1
      count(req, res)
    })
    const first = await visit()
    await visit()
    await visit('/short')
    const ask = <Value>(method: 'all' | 'length') =>
      new Promise<Value>((resolve, reject) => {
        store[method]((error: unknown, value?: unknown) => {
          if (error) reject(new Error(`Cannot ${method}`, { cause: error }))
          else resolve(value as Value)
        })
      })
    assert.equal(await ask('length'), 2)
    assert.equal((await ask<Record<string, { count: number }>>('all'))[sidOf(first)]?.count, 1)
    await new Promise<void>((resolve) => {
      store.clear(() => {
        resolve()
      })
    })
    assert.equal(await ask('length'), 0)
    assert.equal((await visit('/', { cookie: cookieOf(first) })).text, '1')
  },
  classicSetups,
)

behaviour(
  'cookies that one library signed are good for the other',
  async (stage) => {
    const store = new upstream.MemoryStore()
    const options = { store, secret: ['keyboard cat', 'nyan cat'], cookie: { maxAge: 60_000 } }
    const { visit } = await stage.serve(options, count)
    const libraries = [upstream, drover]
    let cookie: string | undefined
    for (const [turn, session] of [...libraries, ...libraries].entries()) {
      Object.assign(stage, { session })
      const other = await stage.serve(options, count)
      const answer = await other.visit('/', { cookie })
      assert.equal(answer.text, String(turn + 1))
      cookie = cookieOf(answer)
    }
    assert.equal((await visit('/', { cookie })).text, '5')
  },
  classicSetups,
)

test('several middlewares can share a store, each with its own options, unlike with express-session', async (context) => {
  const names = async (setup: Setup) => {
    const stage = new Stage(context, setup)
    const store = await stage.openStore()
    const shop = await stage.serve({ store, cookie: { path: '/shop' } }, count)
    await stage.serve({ store, cookie: { path: '/admin' } }, count)
    return attributesOf(await shop.visit('/shop'))[0]
  }
  assert.equal(await names(onExpressSession), 'Path=/admin')
  assert.equal(await names(onClassicStore), 'Path=/shop')
})
