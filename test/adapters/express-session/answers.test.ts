// However an app gives its answer, it arrives whole, with its own headers and the session's cookie; tried on
// express-session and on its drop-in alike.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { behaviour, cookieOf, listen } from './stage.ts'
import type { Handler, TestRequest } from './stage.ts'
import { classicSetups, drover } from './setups.ts'

/** Every way to give "hello, world" after the session was changed. */
const ways: Readonly<Record<string, (res: ServerResponse) => void>> = {
  'end with text': (res) => res.end('hello, world'),
  'end with bytes': (res) => res.end(Buffer.from('hello, world')),
  'end with an encoding': (res) => res.end('aGVsbG8sIHdvcmxk', 'base64'),
  'write, then end': (res) => {
    res.write('hello, ')
    res.end('world')
  },
  'write, then end with nothing': (res) => {
    res.write('hello, world')
    res.end()
  },
  'write later': (res) => {
    res.write('hello, ')
    setImmediate(() => {
      res.write('wor')
      setImmediate(() => res.end('ld'))
    })
  },
  'a stream': (res) => {
    Readable.from(['hello, ', 'world']).pipe(res)
  },
  'a length, then end': (res) => {
    res.setHeader('content-length', 12)
    res.end('hello, world')
  },
  'a length, then write and end': (res) => {
    res.setHeader('content-length', 12)
    res.write('hello, ')
    res.end('world')
  },
  'writeHead, then end': (res) => {
    res.writeHead(200, 'Fine', { 'content-length': 12 })
    res.end('hello, world')
  },
  'flushHeaders, then end': (res) => {
    res.flushHeaders()
    res.end('hello, world')
  },
  'end twice': (res) => {
    res.end('hello, world')
    res.end()
  },
}

for (const [way, answer] of Object.entries(ways)) {
  behaviour(`${way}: the answer is whole, and the session is stored once`, async (stage) => {
    const { visit } = await stage.serve({}, (req, res) => {
      if (req.url === '/user') {
        res.end(req.session.user)
        return
      }
      req.session.user = 'ann'
      answer(res)
    })
    const given = await visit()
    assert.deepEqual([given.status, given.text, given.cookies.length], [200, 'hello, world', 1])
    assert.equal((await visit('/user', { cookie: cookieOf(given) })).text, 'ann')
  })
}

for (const nothing of [undefined, null, '']) {
  behaviour(`end(${String(nothing)}): an empty answer`, async (stage) => {
    const { visit } = await stage.serve({}, (req, res) => {
      req.session.user = 'ann'
      res.setHeader('content-length', 0)
      res.end(nothing)
    })
    const answer = await visit()
    assert.deepEqual([answer.status, answer.text, answer.cookies.length], [200, '', 1])
  })
}

behaviour('HEAD and 304 have no body, and get their cookie', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    req.session.user = 'ann'
    if (req.method === 'HEAD') res.setHeader('content-length', 12).end()
    else res.writeHead(304).end()
  })
  assert.equal((await visit('/', { method: 'HEAD' })).cookies.length, 1)
  const answer = await visit('/')
  assert.deepEqual([answer.status, answer.cookies.length], [304, 1])
})

for (const [way, set] of Object.entries({
  setHeader: (res: ServerResponse) => res.setHeader('set-cookie', 'theme=dark'),
  'setHeader with several': (res: ServerResponse) => res.setHeader('set-cookie', ['theme=dark', 'size=1']),
  appendHeader: (res: ServerResponse) => res.appendHeader('set-cookie', 'theme=dark'),
  writeHead: (res: ServerResponse) => res.writeHead(200, { 'set-cookie': 'theme=dark' }),
  'writeHead with several': (res: ServerResponse) =>
    res.writeHead(200, { 'set-cookie': ['theme=dark', 'size=1'] }),
})) {
  behaviour(`cookies that the app gives by ${way} stay, before the session's`, async (stage) => {
    const { visit } = await stage.serve({}, (req, res) => {
      req.session.user = 'ann'
      set(res)
      res.end()
    })
    const { cookies } = await visit()
    assert.equal(cookies[0], 'theme=dark')
    assert.match(cookies.at(-1) ?? '', /^connect\.sid=/)
  })
}

/** As another middleware does that wants to know when an answer ends. */
function watchEnd(res: ServerResponse): void {
  const { write, end } = { write: res.write.bind(res), end: res.end.bind(res) } as Record<
    'write' | 'end',
    (...args: unknown[]) => unknown
  >
  let hasEnded = false
  Object.assign(res, {
    end: (...args: unknown[]) => {
      hasEnded = true
      return end(...args)
    },
    write: (...args: unknown[]) => {
      if (hasEnded) throw new Error('Cannot write: the answer has ended')
      return write(...args)
    },
  })
}

for (const when of ['before', 'after'] as const) {
  behaviour(`write and end that were replaced ${when} the middleware are called in order`, async (stage) => {
    const before: Handler = (_req, res) => {
      if (when === 'before') watchEnd(res)
    }
    const { visit } = await stage.serve({ before }, (req, res) => {
      if (when === 'after') watchEnd(res)
      req.session.user = 'ann'
      res.write('hello, ')
      res.end('world')
    })
    assert.equal((await visit()).text, 'hello, world')
  })
}

behaviour('headers set after the end are refused as Node refuses them', async (stage) => {
  const messages: string[] = []
  const twice: Handler = (_req, res) => {
    res.end()
    try {
      res.setHeader('content-length', '3')
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      messages.push(`${code}: ${message}`)
    }
  }
  const bare = await listen(stage.context, twice)
  const { visit } = await stage.serve({}, twice)
  await bare.visit()
  await visit()
  assert.equal(messages.length, 2)
  assert.equal(messages[0], messages[1])
})

behaviour('a change after the first byte is stored by the end', async (stage) => {
  const { visit } = await stage.serve({}, (req, res) => {
    if (req.url === '/user') {
      res.end(req.session.user)
      return
    }
    req.session.user = 'ann'
    res.write('first')
    setTimeout(() => {
      req.session.user = 'bob'
      res.end(' last')
    }, 20)
  })
  const answer = await visit()
  assert.equal(answer.text, 'first last')
  assert.equal((await visit('/user', { cookie: cookieOf(answer) })).text, 'bob')
})

behaviour(
  'a store that answers within its own call is answered with',
  async (stage) => {
    const { visit } = await stage.serve({ store: syncStore(stage.session), unset: 'destroy' }, (req, res) => {
      req.session.count = (req.session.count ?? 0) + 1
      const { count } = req.session
      if (count > 1) {
        req.session = null as never
        res.write('destroyed\n')
      }
      res.end(`hits: ${count}`)
    })
    const first = await visit()
    assert.equal(first.text, 'hits: 1')
    assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'destroyed\nhits: 2')
    assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'hits: 1')
  },
  classicSetups,
)

function syncStore({ Store }: typeof drover): InstanceType<typeof Store> {
  const sessions = new Map<string, string>()
  class SyncStore extends Store {
    get(sid: string, callback: (error: unknown, session?: never) => void): void {
      callback(null, JSON.parse(sessions.get(sid) ?? 'null') as never)
    }
    set(sid: string, session: object, callback?: () => void): void {
      sessions.set(sid, JSON.stringify(session))
      callback?.()
    }
    destroy(sid: string, callback?: () => void): void {
      sessions.delete(sid)
      callback?.()
    }
  }
  return new SyncStore()
}

behaviour('a response that was ended before the middleware came stays as it is', async (stage) => {
  const before = (_req: TestRequest, res: ServerResponse) => {
    res.end('early')
  }
  const { visit } = await stage.serve({ before, saveUninitialized: false }, (_req, res) => {
    res.end()
  })
  const answer = await visit()
  assert.deepEqual([answer.text, answer.cookies], ['early', []])
})
