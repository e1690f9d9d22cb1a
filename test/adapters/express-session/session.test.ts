// `req.session` and its methods, tried on express-session and on its drop-in alike.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { until } from '../../support/until.ts'
import { attributesOf, behaviour, cookieOf, sidOf } from './stage.ts'
import type { TestRequest } from './stage.ts'
import { classicSetups, upstream } from './setups.ts'

type Route = (req: TestRequest, res: ServerResponse) => void

/** Answers by path; `/count` counts up and `/` says what is there. */
function routes(more: Readonly<Record<string, Route>> = {}): Route {
  const all: Readonly<Record<string, Route>> = {
    '/count': (req, res) => {
      req.session.count = (req.session.count ?? 0) + 1
      res.end(String(req.session.count))
    },
    '/': (req, res) => {
      res.end(String(req.session.count))
    },
    ...more,
  }
  return (req, res) => all[req.url ?? '/']?.(req, res)
}

behaviour('data comes back as it went, and only data is enumerable', async (stage) => {
  const handler = routes({
    '/fill': (req, res) => {
      Object.assign(req.session, { user: 'ann', cart: ['mug'], nested: { when: new Date(0), no: undefined } })
      res.end()
    },
    '/show': (req, res) => {
      const seen = []
      for (const name in req.session) seen.push(name)
      res.end(JSON.stringify([seen.toSorted(), Object.keys(req.session).toSorted(), req.session['nested']]))
    },
  })
  const { visit } = await stage.serve({}, handler)
  const cookie = cookieOf(await visit('/fill'))
  const names = ['cart', 'cookie', 'nested', 'user']
  assert.deepEqual(JSON.parse((await visit('/show', { cookie })).text), [
    names,
    names,
    { when: '1970-01-01T00:00:00.000Z' },
  ])
})

behaviour('id, req.sessionID and the cookie agree, and the id cannot be changed', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    assert.throws(() => Reflect.apply(() => Object.assign(req.session, { id: 'other' }), undefined, []))
    res.end(JSON.stringify([req.session.id, req.sessionID, req.session.req === req]))
  })
  const answer = await visit()
  assert.deepEqual(JSON.parse(answer.text), [sidOf(answer), sidOf(answer), true])
})

behaviour('a cookie whose signature is wrong begins a new session', async (stage) => {
  const { visit } = await stage.serve({}, routes())
  const first = await visit('/count')
  const sid = sidOf(first)
  for (const cookie of [
    `connect.sid=${sid}`,
    cookieOf(first).replace(/...$/, 'AAA'),
    cookieOf(first).replace(/...\./, 'AAA.'),
    'connect.sid=s%3A.',
    'connect.sid=%',
  ]) {
    const answer = await visit('/count', { cookie })
    assert.equal(answer.text, '1', cookie)
    assert.notEqual(sidOf(answer), sid)
  }
})

behaviour('an id that the store does not know is not adopted', async (stage) => {
  const store = await stage.openStore()
  const other = await stage.serve({}, routes())
  const { visit } = await stage.serve({ store }, routes())
  const planted = await other.visit('/count')
  const answer = await visit('/count', { cookie: cookieOf(planted) })
  assert.equal(answer.text, '1')
  assert.notEqual(sidOf(answer), sidOf(planted))
})

behaviour('a session that expired is a new one with a new id', async (stage) => {
  const { visit } = await stage.serve({ cookie: { maxAge: 30 } }, routes())
  const first = await visit('/count')
  const answer = await until('the session has expired', async () => {
    const next = await visit('/', { cookie: cookieOf(first) })
    return next.text === 'undefined' && next
  })
  assert.notEqual(sidOf(answer), sidOf(first))
})

behaviour('a request that has a session already is let through', async (stage) => {
  const before = (req: TestRequest) => {
    req.session = { user: 'ann' } as never
  }
  const { visit } = await stage.serve({ before }, (req, res) => {
    res.end(req.session.user)
  })
  const answer = await visit()
  assert.deepEqual([answer.text, answer.cookies], ['ann', []])
})

behaviour('a request without a usable id is answered, and nothing is stored', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    req.sessionID = (() => 'bogus') as never
    req.session.user = 'ann'
    res.end('answered')
  })
  const answer = await visit()
  assert.deepEqual([answer.status, answer.text, answer.cookies], [200, 'answered', []])
})

behaviour('destroy: ends the session, and sends no cookie', async (stage) => {
  const { visit } = await stage.serve(
    {},
    routes({
      '/out': (req, res) => {
        req.session.destroy((error) => {
          res.end(`${String(error ?? 'done')} ${typeof req.session}`)
        })
      },
    }),
  )
  const cookie = cookieOf(await visit('/count'))
  const answer = await visit('/out', { cookie })
  assert.deepEqual([answer.text, answer.cookies], ['done undefined', []])
  assert.equal((await visit('/', { cookie })).text, 'undefined')
})

behaviour('regenerate: an empty session under a new id, and the old one is gone', async (stage) => {
  const { visit } = await stage.serve(
    {},
    routes({
      '/in': (req, res) => {
        const former = req.session.id
        req.session.regenerate((error) => {
          req.session.user = 'ann'
          res.end(JSON.stringify([error ?? null, former === req.session.id, req.session.count ?? null]))
        })
      },
    }),
  )
  const before = await visit('/count')
  const after = await visit('/in', { cookie: cookieOf(before) })
  assert.equal(after.text, '[null,false,null]')
  assert.notEqual(sidOf(after), sidOf(before))
  assert.equal((await visit('/', { cookie: cookieOf(before) })).text, 'undefined')
  assert.equal((await visit('/count', { cookie: cookieOf(after) })).text, '1')
})

behaviour('reload: gives what another request stored meanwhile', async (stage) => {
  const { visit } = await stage.serve(
    {},
    routes({
      '/reload': (req, res) => {
        const cookie = req.headers.cookie
        void visit('/count', { cookie }).then(() => {
          req.session.reload((error) => {
            res.end(`${String(error ?? 'done')} ${req.session.count}`)
          })
        })
      },
    }),
  )
  const cookie = cookieOf(await visit('/count'))
  assert.equal((await visit('/reload', { cookie })).text, 'done 2')
  assert.equal((await visit('/', { cookie })).text, '2')
})

behaviour('reload: of a session that was never stored is an error', async (stage) => {
  const { visit } = await stage.serve({ saveUninitialized: false }, (req, res) => {
    req.session.reload((error) => {
      res.end(error?.message)
    })
  })
  assert.equal((await visit()).text, 'failed to load session')
})

behaviour('reload: many of them, one in the other, end', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    let left = 20
    const again = () => {
      left -= 1
      if (left === 0) res.end('ok')
      else req.session.reload(again)
    }
    again()
  })
  assert.equal((await visit()).text, 'ok')
})

behaviour('save: has stored the session when it calls back', async (stage) => {
  const { visit } = await stage.serve(
    {},
    routes({
      '/save': (req, res) => {
        req.session.user = 'ann'
        req.session.save(() => {
          req.sessionStore.get(req.sessionID, (error, stored) => {
            res.end(String(error ?? Reflect.get(stored ?? {}, 'user')))
          })
        })
      },
    }),
  )
  assert.equal((await visit('/save')).text, 'ann')
})

for (const options of [{}, { resave: true }, { saveUninitialized: false }]) {
  behaviour(
    `save: what it stored is not stored again at the end ${JSON.stringify(options)}`,
    async (stage) => {
      const store = new stage.session.MemoryStore()
      const sets: string[] = []
      const set = store.set.bind(store)
      store.set = (sid, session, callback) => {
        sets.push(sid)
        set(sid, session, callback)
      }
      const { visit } = await stage.serve(
        { store, ...options },
        routes({
          '/save': (req, res) => {
            req.session.user = 'ann'
            req.session.save(() => res.end())
          },
          '/reload': (req, res) => {
            req.session.reload(() => {
              req.session.user = 'bob'
              req.session.save(() => res.end())
            })
          },
        }),
      )
      const cookie = cookieOf(await visit('/save'))
      assert.equal(sets.length, 1)
      await visit('/reload', { cookie })
      assert.equal(sets.length, 2)
    },
    classicSetups,
  )
}

behaviour('a method that an app replaced is the one that is called', async (stage) => {
  const calls: string[] = []
  const { visit } = await stage.serve({}, (req, res) => {
    const save = req.session.save.bind(req.session)
    req.session.save = (callback) => {
      calls.push('save')
      return save(callback)
    }
    req.session.user = 'ann'
    res.end('saved')
  })
  assert.equal((await visit()).text, 'saved')
  assert.deepEqual(calls, ['save'])
})

behaviour('stored data that is named like a method does not hide it', async (stage) => {
  const { visit } = await stage.serve(
    {},
    routes({
      '/break': (req, res) => {
        req.sessionStore.get(req.sessionID, (_error, stored) => {
          if (!stored) throw new Error('Cannot read session: it is not stored')
          Object.assign(stored, { save: 'no function', touch: 1, id: 'planted' })
          req.sessionStore.set(req.sessionID, stored, () => res.end())
        })
      },
    }),
  )
  const first = await visit('/count')
  const cookie = cookieOf(first)
  await visit('/break', { cookie })
  assert.equal((await visit('/count', { cookie })).text, '2')
  assert.equal((await visit('/', { cookie })).text, '2')
})

behaviour('store.load: gives the session of an id, with its methods, outside of a request', async (stage) => {
  const { visit } = await stage.serve(
    {},
    routes({
      '/load': (req, res) => {
        req.sessionStore.load(req.sessionID, (error, session) => {
          const loaded = Object.assign(session ?? {}, { user: 'ann' })
          assert.equal(error ?? undefined, undefined)
          session?.save(() => res.end(JSON.stringify([session.id === req.sessionID, Object.keys(loaded)])))
        })
      },
      '/user': (req, res) => res.end(req.session.user),
    }),
  )
  const cookie = cookieOf(await visit('/count'))
  const [isSame, names] = JSON.parse((await visit('/load', { cookie })).text) as [boolean, string[]]
  assert.ok(isSame)
  assert.deepEqual(names.toSorted(), ['cookie', 'count', 'user'])
  assert.equal((await visit('/user', { cookie })).text, 'ann')
})

behaviour('store.load: of an id without a session gives nothing', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    req.sessionStore.load('unknown', (error, session) => {
      res.end(JSON.stringify([error ?? null, session ?? null]))
    })
  })
  assert.equal((await visit()).text, '[null,null]')
})

behaviour('cookie: attributes can be changed for one visitor', async (stage) => {
  const options = {
    proxy: true,
    cookie: { maxAge: 60_000, path: '/', secure: true, priority: 'low' as const },
  }
  const { visit } = await stage.serve(options, (req, res) => {
    Object.assign(req.session.cookie, { httpOnly: false, secure: false, sameSite: 'lax', maxAge: null })
    res.end()
  })
  assert.deepEqual(attributesOf(await visit()), ['Path=/', 'Priority=Low', 'SameSite=Lax'])
})

behaviour('cookie.originalMaxAge: stays what it was, however often the session is used', async (stage) => {
  const { visit } = await stage.serve({ cookie: { maxAge: 20_000 }, resave: true }, (req, res) => {
    const { originalMaxAge, maxAge } = req.session.cookie
    res.end(JSON.stringify([originalMaxAge, maxAge]))
  })
  const first = await visit()
  const cookie = cookieOf(first)
  await visit('/', { cookie })
  for (const answer of [first, await visit('/', { cookie })]) {
    const [originalMaxAge = 0, maxAge = 0] = JSON.parse(answer.text) as number[]
    // express-session may lose a millisecond between two looks at the clock.
    assert.ok(originalMaxAge > 19_900 && originalMaxAge <= 20_000, answer.text)
    assert.ok(maxAge <= 20_000 && maxAge > 10_000, answer.text)
    if (stage.session !== upstream) assert.equal(originalMaxAge, 20_000)
  }
})

behaviour('cookie.maxAge: a longer life for one visitor is kept', async (stage) => {
  const month = 3_000_000_000
  const { visit } = await stage.serve(
    { cookie: { maxAge: 20_000 } },
    routes({
      '/remember': (req, res) => {
        req.session.cookie.maxAge = month
        req.session.user = 'ann'
        res.end()
      },
      '/left': (req, res) => res.end(String(req.session.cookie.maxAge)),
    }),
  )
  const cookie = cookieOf(await visit('/count'))
  const answer = await visit('/remember', { cookie })
  const end = Date.parse(/Expires=([^;]+)/.exec(answer.cookies[0] ?? '')?.[1] ?? '')
  assert.ok(Math.abs(end - Date.now() - month) < 60_000)
  const left = Number((await visit('/left', { cookie })).text)
  assert.ok(left > month - 60_000 && left <= month, String(left))
})

behaviour('cookie.expires: null makes it end with the browser, and it is sent once', async (stage) => {
  const { visit } = await stage.serve({ cookie: { maxAge: 20_000 } }, (req, res) => {
    req.session.cookie.expires = null
    req.session.count = (req.session.count ?? 0) + 1
    res.end(String(req.session.count))
  })
  const first = await visit()
  assert.deepEqual(attributesOf(first), ['Path=/', 'HttpOnly'])
  const second = await visit('/', { cookie: cookieOf(first) })
  assert.deepEqual([second.text, second.cookies], ['2', []])
})

behaviour('cookie.expires: a date in the past ends the session at once', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    res.end(String(req.session.count))
    req.session.count = 1
  })
  const past = await stage.serve({}, (req, res) => {
    req.session.cookie.expires = new Date(0)
    res.end()
  })
  const answer = await past.visit()
  assert.match(answer.cookies[0] ?? '', /Expires=Thu, 01 Jan 1970 00:00:00 GMT/)
  assert.equal((await visit('/', { cookie: cookieOf(answer) })).text, 'undefined')
})

behaviour('touch: begins the time to live again', async (stage) => {
  const { visit } = await stage.serve({ cookie: { maxAge: 60_000 } }, (req, res) => {
    req.session.cookie.expires = new Date(Date.now() + 1_000)
    req.session.cookie.originalMaxAge = 60_000
    const session = req.session.touch()
    res.end(JSON.stringify([session === req.session, req.session.cookie.maxAge]))
  })
  const [isSame, maxAge] = JSON.parse((await visit()).text) as [boolean, number]
  assert.ok(isSame)
  assert.ok(maxAge > 50_000)
})
