// A table of causes: by the modes and what was seen, and by the modes alone.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Kind, ModeTriple } from '../finding.ts'
import type { AppEvent, Place } from '../instrument/event.ts'
import { classify } from './classify.ts'
import type { Clues, Side } from './clues.ts'

const declaredAt: Place = { file: 'app.js', line: 3 }
const writtenAt: Place = { file: 'app.js', line: 9 }

/** `DSS`: differs with private disks only; `?` was not run. */
function triple(letters: string): ModeTriple {
  const [disk, shared, restart] = letters
    .split('')
    .map((letter) => (letter === '?' ? undefined : letter === 'D'))
  return { 'private-disk': disk, 'shared-disk': shared, restart }
}

function event(name: AppEvent['event'], more: Partial<AppEvent> = {}): AppEvent {
  return { event: name, pid: 1, request: 1, ...more }
}

const write = (holder: string, more: Partial<AppEvent> = {}): AppEvent =>
  event('write', { holder, declaredAt, writtenAt, ...more })
const read: AppEvent = event('read', {
  request: 2,
  reads: [{ holder: 'it', declaredAt, readAt: { file: 'app.js', line: 20 } }],
})

function side(events: readonly AppEvent[], more: Partial<Side> = {}): Side {
  return { method: 'GET', path: '/', type: '', client: 'visitor', status: 200, headers: {}, events, ...more }
}

interface Case {
  readonly modes: string
  readonly where?: string
  readonly expected?: string
  readonly actual?: string
  readonly writer?: Side
  readonly reader?: Side
  readonly boot?: readonly AppEvent[]
  readonly timers?: readonly AppEvent[]
  readonly files?: readonly string[]
}

function clues(given: Case): Clues {
  const {
    modes,
    where = 'body items',
    expected = '1',
    actual = '0',
    writer,
    reader = side([]),
    boot = [],
    timers = [],
    files = [],
  } = given
  return {
    difference: { step: 1, where, expected, actual },
    modes: triple(modes),
    writers: writer === undefined ? [] : [writer],
    hasWriter: writer !== undefined,
    differsAlone: writer === undefined,
    reader,
    boot,
    timers,
    run: [],
    files,
    textOf: ({ file, line }) => `${file} ${line}`,
  }
}

const carried = side([], {
  headers: { 'set-cookie': ['session=eyJ1c2VybmFtZSI6ImFubiJ9.aSm3Qg.Kx0-2_b; HttpOnly; Path=/'] },
})
const signedIn = side([], { headers: { 'set-cookie': ['connect.sid=s%3A1; Path=/'] } })

const observed: readonly (readonly [
  name: string,
  kind: Kind,
  given: Case,
  more?: { readonly holder?: string; readonly package?: string },
])[] = [
  [
    'a variable that the reader reads',
    'module-state',
    {
      modes: 'DDD',
      writer: side([write('stats', { declaredAt: writtenAt }), write('carts')]),
      reader: side([read]),
    },
    { holder: 'carts' },
  ],
  [
    'a variable that nothing was seen to read',
    'module-state',
    { modes: 'DDD', writer: side([write('carts')]) },
    { holder: 'carts' },
  ],
  [
    'what a request notes only while it is under way',
    'module-state',
    {
      modes: 'DDD',
      writer: side([
        write('pending', { detail: 'add' }),
        write('pending', { detail: 'delete' }),
        write('carts', { declaredAt: writtenAt }),
      ]),
      reader: side([read]),
    },
    { holder: 'carts' },
  ],
  [
    'a variable that the writer alone writes, beside one that every request writes and none reads',
    'module-state',
    {
      modes: 'DDD',
      writer: side([
        write('numbers', { writtenAt: declaredAt }),
        write('numbers'),
        write('buckets', { declaredAt: writtenAt }),
      ]),
      reader: side([write('numbers', { request: 2 })]),
    },
    { holder: 'buckets' },
  ],
  [
    "a variable of the app's own, beside what a client of a package was asked",
    'module-state',
    {
      modes: 'DDD',
      writer: side([write('db', { package: 'knex', declaredAt: writtenAt }), write('carts')]),
    },
    { holder: 'carts' },
  ],
  [
    'a list of tokens that renew others, which says nothing of a visitor',
    'module-state',
    {
      modes: 'DDD',
      where: 'status',
      expected: '200',
      actual: '403',
      writer: side([write('refreshTokens')]),
      reader: side([read]),
    },
    { holder: 'refreshTokens' },
  ],
  [
    'a session store in memory',
    'in-memory-session',
    {
      modes: 'DDD',
      where: 'status',
      actual: '302',
      writer: side([event('session', { holder: 'MemoryStore', package: 'express-session', declaredAt })]),
    },
    { holder: 'MemoryStore', package: 'express-session' },
  ],
  [
    "a session that Drover keeps in memory, and another of its stores, and a salt of nobody's",
    'in-memory-session',
    {
      modes: 'DDD',
      writer: signedIn,
      boot: [
        event('random', { holder: 'salt', declaredAt: writtenAt }),
        event('package', { package: 'drover/redis', holder: 'keys', declaredAt: writtenAt }),
        event('package', { package: 'drover', holder: 'visits', declaredAt }),
      ],
    },
    { holder: 'visits', package: 'drover' },
  ],
  [
    "an instance's name, beside sessions that are somewhere",
    'instance-identity',
    {
      modes: 'DDD',
      expected: 'instance-1',
      actual: 'instance-3',
      writer: signedIn,
      reader: side([event('identity', { request: 2, detail: 'hostname', declaredAt })]),
      boot: [event('package', { package: 'express-session', holder: 'visits', declaredAt: writtenAt })],
    },
    { holder: 'hostname' },
  ],
  [
    'a secret that both requests use, with sessions that may be kept anywhere',
    'per-process-secret',
    {
      modes: 'DDD',
      where: 'status',
      expected: '200',
      actual: '403',
      writer: { ...signedIn, events: [read] },
      reader: side([read]),
      boot: [
        event('package', { package: 'drover', holder: 'visits', declaredAt: writtenAt }),
        event('random', { detail: 'randomBytes', holder: 'key', declaredAt }),
      ],
    },
    { holder: 'key' },
  ],
  [
    'a map of sessions',
    'in-memory-session',
    { modes: 'DDD', writer: side([write('sessions')]), reader: side([read]) },
    { holder: 'sessions' },
  ],
  [
    'a variable beats a session that every request has',
    'module-state',
    {
      modes: 'DDD',
      writer: side([event('session', { package: 'express-session' }), write('todos')]),
      reader: side([read]),
    },
    { holder: 'todos' },
  ],
  [
    'tokens to set a password are no session',
    'module-state',
    { modes: 'DDD', writer: side([write('resetTokens')]), reader: side([read]) },
  ],
  [
    'a cache package',
    'in-process-cache',
    { modes: 'DDS', writer: side([write('kept', { package: 'lru-cache' })]), reader: side([read]) },
    { package: 'lru-cache' },
  ],
  [
    'what is on a disk elsewhere too',
    'in-process-cache',
    { modes: 'DDS', writer: side([write('profiles')]), reader: side([read]) },
  ],
  [
    'a limiter of a package',
    'rate-limiter',
    {
      modes: 'DDD',
      where: 'status',
      expected: '429',
      actual: '200',
      writer: side([]),
      boot: [event('package', { package: 'express-rate-limit', holder: 'limiter', declaredAt })],
    },
    { holder: 'limiter', package: 'express-rate-limit' },
  ],
  [
    'a limiter of the app',
    'rate-limiter',
    { modes: 'DDD', where: 'status', expected: '429', actual: '200', writer: side([write('attempts')]) },
    { holder: 'attempts' },
  ],
  [
    'a file',
    'local-file',
    {
      modes: 'DSS',
      writer: side([event('file-write', { path: 'data.json', writtenAt })]),
      files: ['data.json'],
    },
    { holder: 'data.json' },
  ],
  [
    'a database',
    'local-sqlite',
    {
      modes: 'DSS',
      writer: side([event('sql', { writtenAt })]),
      boot: [event('database', { path: 'app.db', declaredAt, package: 'better-sqlite3' })],
    },
    { holder: 'app.db', package: 'better-sqlite3' },
  ],
  [
    'a database that only its file tells of',
    'local-sqlite',
    { modes: 'DSS', writer: side([]), files: ['db/app.sqlite-wal'] },
  ],
  [
    'an upload',
    'upload-directory',
    {
      modes: 'DSS',
      writer: side([event('file-write', { path: 'uploads/1', writtenAt })], { type: 'multipart/form-data' }),
      files: ['uploads/1'],
    },
    { holder: 'uploads' },
  ],
  [
    'a file that is sent as it is',
    'upload-directory',
    { modes: 'DSS', writer: side([], { type: 'application/offset+octet-stream' }), files: ['files/7'] },
    { holder: 'files' },
  ],
  [
    'a package that writes in its own time',
    'local-file',
    {
      modes: 'DSS',
      writer: side([event('file-write', { path: 'kept/7', package: 'keeper' })]),
      boot: [event('package', { package: 'keeper', holder: 'keeper', declaredAt })],
    },
    { holder: 'kept/7', package: 'keeper' },
  ],
  [
    'a file that is written under another name, and moved',
    'local-file',
    {
      modes: 'DSS',
      writer: side([event('file-write', { path: 'kept/a.json.2015517629', writtenAt })]),
      files: ['kept/a.json.2015517629', 'kept/a.json'],
    },
    { holder: 'kept/a.json' },
  ],
  [
    'a file that is written beside and then moved',
    'local-file',
    {
      modes: 'DSS',
      writer: side([event('file-write', { path: '.~data.json', writtenAt })]),
      files: ['data.json'],
    },
    { holder: 'data.json' },
  ],
  [
    'a file that a package holds in memory too',
    'local-file',
    {
      modes: 'DDD',
      writer: side([event('file-write', { path: 'db.json', writtenAt, package: 'lowdb' })]),
      boot: [event('package', { package: 'lowdb/adapters/FileAsync', declaredAt })],
    },
    { holder: 'db.json' },
  ],
  [
    'a public key, whoever made its other half',
    'per-process-secret',
    {
      modes: 'DDD',
      where: 'body keys.0.n',
      boot: [event('random', { detail: 'generateKey', holder: 'keys', declaredAt, writtenAt })],
    },
    { holder: 'keys' },
  ],
  [
    'a secret that was drawn at boot',
    'per-process-secret',
    {
      modes: 'DDD',
      where: 'status',
      expected: '200',
      actual: '401',
      writer: side([]),
      reader: side([read]),
      boot: [event('random', { detail: 'randomBytes', holder: 'secret', declaredAt, writtenAt })],
    },
    { holder: 'secret' },
  ],
  [
    'a hostname that was asked',
    'instance-identity',
    { modes: 'DDS', reader: side([event('identity', { detail: 'hostname', writtenAt })]) },
  ],
  [
    'a name that was kept at boot',
    'instance-identity',
    {
      modes: 'DDD',
      reader: side([read]),
      boot: [event('random', { detail: 'randomUUID', holder: 'id', declaredAt, writtenAt })],
    },
    { holder: 'id' },
  ],
  [
    'a setting of its own',
    'instance-configuration',
    {
      modes: 'DDS',
      reader: side([read]),
      boot: [event('file-read', { path: 'config/host.json', holder: 'config', declaredAt, writtenAt })],
    },
    { holder: 'config' },
  ],
  [
    'what each start adds',
    'boot-side-effect',
    { modes: 'DDD', boot: [event('outside', { detail: 'POST /dishes', writtenAt })] },
  ],
  [
    'what each start adds, though requests read a file that every start reads',
    'boot-side-effect',
    {
      modes: 'DDD',
      reader: side([read]),
      boot: [
        event('file-read', { path: 'style.css', holder: 'style', declaredAt, writtenAt }),
        event('outside', { detail: 'insert into dishes', writtenAt }),
      ],
    },
    { holder: 'insert into dishes' },
  ],
  [
    'what each start wipes',
    'boot-side-effect',
    { modes: 'SSD', writer: side([]), boot: [event('sql', { detail: 'DELETE FROM notes', writtenAt })] },
  ],
  [
    'a message of a room',
    'socket-rooms',
    {
      modes: 'DDS',
      where: 'message',
      writer: side([], { type: 'websocket', client: 'ann' }),
      reader: side([], { type: 'websocket', client: 'bob' }),
      boot: [event('package', { package: 'ws', holder: 'sockets', declaredAt })],
    },
    { holder: 'sockets', package: 'ws' },
  ],
  [
    'a timer that writes what is read',
    'in-process-schedule',
    { modes: 'DDD', writer: side([]), reader: side([read]), timers: [write('report', { request: -2 })] },
    { holder: 'report' },
  ],
  [
    'a timer that works outside',
    'in-process-schedule',
    {
      modes: 'DDD',
      boot: [event('schedule', { detail: 'setInterval', writtenAt })],
      timers: [event('outside', { request: -2, detail: 'POST /mails' })],
    },
  ],
  [
    'what waits in memory to be written',
    'acknowledged-before-written',
    { modes: 'SSD', writer: side([write('buffer')]) },
    { holder: 'buffer' },
  ],
]

const concluded: readonly (readonly [name: string, kind: Kind, given: Case])[] = [
  ['memory', 'module-state', { modes: 'DDD', writer: side([]) }],
  ['memory, where a shared disk was not tried', 'module-state', { modes: 'D??', writer: side([]) }],
  ['a session cookie', 'in-memory-session', { modes: 'DDD', writer: signedIn }],
  ['a session cookie that carries the session', 'per-process-secret', { modes: 'DDD', writer: carried }],
  [
    'refusal of too many requests',
    'rate-limiter',
    { modes: 'DDD', where: 'status', expected: '429: slow down', actual: '200', writer: side([]) },
  ],
  [
    'a header of limits',
    'rate-limiter',
    { modes: 'DDD', where: 'header ratelimit-remaining', writer: side([]) },
  ],
  ['a disk', 'local-file', { modes: 'DSS', writer: side([]) }],
  [
    'an upload',
    'upload-directory',
    { modes: 'DSS', writer: side([], { type: 'multipart/form-data' }), files: [] },
  ],
  ['a copy of what is elsewhere', 'in-process-cache', { modes: 'DDS', writer: side([]) }],
  ['a kill', 'acknowledged-before-written', { modes: 'SSD', writer: side([]) }],
  [
    'an unknown session of Socket.IO',
    'sticky-transport',
    {
      modes: 'DDD',
      where: 'status',
      expected: '200',
      actual: '400: {"code":1,"message":"Session ID unknown"}',
      reader: side([], { path: '/socket.io/?EIO=4&transport=polling&sid=1' }),
      writer: side([]),
    },
  ],
  [
    'a name that instances have in proofs',
    'instance-identity',
    { modes: 'DDS', expected: 'instance-1', actual: 'instance-2' },
  ],
  ['nothing at all', 'unexplained', { modes: 'DDD' }],
]

describe('what was seen tells', () => {
  for (const [name, kind, given, more = {}] of observed)
    it(`${name}: ${kind}`, () => {
      const cause = classify(clues(given))
      assert.equal(cause.kind, kind)
      assert.equal(cause.evidence, 'observed')
      if (more.holder !== undefined) assert.equal(cause.holder, more.holder)
      if (more.package !== undefined) assert.equal(cause.package, more.package)
    })
})

describe('the modes alone tell', () => {
  for (const [name, kind, given] of concluded)
    it(`${name}: ${kind}`, () => {
      const cause = classify(clues(given))
      assert.deepEqual([cause.kind, cause.evidence], [kind, 'concluded'])
    })
})

it('places come with the text of their line', () => {
  const cause = classify(clues({ modes: 'DDD', writer: side([write('carts')]) }))
  assert.deepEqual(cause.declaredAt, { ...declaredAt, text: 'app.js 3' })
  assert.deepEqual(cause.writtenAt, { ...writtenAt, text: 'app.js 9' })
})
