import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDroverError } from '../base/errors.ts'
import { serve } from './serve.ts'
import { readSettings } from './options.ts'
import type { ServeOptions } from './options.ts'

test('readSettings: what is not told follows from the environment', () => {
  const elsewhere = readSettings({}, { PORT: '8081' })
  assert.deepEqual([elsewhere.port, elsewhere.marker, elsewhere.graceMs], [8_081, undefined, 10_000])
  assert.match(elsewhere.host, /^(?:::|0\.0\.0\.0)$/)
  assert.equal(elsewhere.drainTimeoutMs, 15_000)

  const env = { PORT: '8081', DROVER_INSTANCE: '1', DROVER_MARKER: 'word' }
  const { port, host, marker, graceMs, drainTimeoutMs } = readSettings({}, env)
  assert.deepEqual([port, host, marker, graceMs], [8_081, '127.0.0.1', 'word', 0])
  assert.equal(drainTimeoutMs, 8_000)

  assert.equal(readSettings({}, {}).port, 3_000)
  assert.equal(readSettings({}, { PORT: '' }).port, 3_000)
})

test('readSettings: the defaults end within what Kubernetes and drover up wait before SIGKILL', () => {
  const total = (env: Record<string, string>) => {
    const { graceMs, drainTimeoutMs, closeTimeoutMs } = readSettings({}, env)
    return graceMs + drainTimeoutMs + closeTimeoutMs
  }
  assert.ok(total({}) < 30_000)
  assert.ok(total({ DROVER_INSTANCE: '1' }) < 10_000)
})

test('readSettings: no grace where a person waits', () => {
  for (const env of [{ NODE_ENV: 'development' }, { NODE_ENV: 'test' }, { WATCH_REPORT_DEPENDENCIES: '1' }]) {
    assert.equal(readSettings({}, env).graceMs, 0)
  }
  assert.equal(readSettings({ graceMs: 5_000 }, { NODE_ENV: 'test' }).graceMs, 5_000)
})

test('readSettings: health paths', () => {
  const paths = (health: ServeOptions['health']) => {
    const { readyPath, livePath } = readSettings(health === undefined ? {} : { health }, {})
    return [readyPath, livePath]
  }
  assert.deepEqual(paths(undefined), ['/readyz', '/livez'])
  assert.deepEqual(paths({ ready: '/health' }), ['/health', '/livez'])
  assert.deepEqual(paths(false), [undefined, undefined])
})

test('readSettings: idempotent routes are announced with all that holds of them', () => {
  const { idempotentRoutes } = readSettings(
    { idempotentRoutes: ['/orders', { path: '/api/*', methods: ['POST', 'POST'], mint: true }] },
    {},
  )
  assert.deepEqual(idempotentRoutes, [
    { path: '/orders', methods: ['POST', 'PATCH'], mint: false },
    { path: '/api/*', methods: ['POST'], mint: true },
  ])
  assert.deepEqual(readSettings({}, {}).idempotentRoutes, [])
})

test('readSettings: variables that a fleet shares join the fingerprint, where there is a secret word to key it', () => {
  const env = { DATABASE_URL: 'postgres://…', SESSION_KEYS: 'k', DROVER_FINGERPRINT: 'DATABASE_URL,ABSENT' }
  const names = (more: Record<string, string>) =>
    Object.keys(
      readSettings({ fingerprint: { currency: 'EUR' } }, { ...env, ...more }).fingerprint,
    ).toSorted()
  assert.deepEqual(names({}), ['currency'])
  assert.deepEqual(names({ DROVER_MARKER: 'word' }), ['DATABASE_URL', 'SESSION_KEYS', 'currency'])
})

const refused: readonly (readonly [unknown, string])[] = [
  [{ port: '80' }, 'Cannot use port "80": wanted a whole number from 0 to 65535'],
  [{ port: 70_000 }, 'Cannot use port 70000: wanted a whole number from 0 to 65535'],
  [{ port: undefined, host: 'a b' }, 'Cannot use host "a b": wanted an address such as "127.0.0.1" or "::"'],
  [{ graceMs: -1 }, 'Cannot use graceMs -1: wanted a whole number from 0 to 2147483647'],
  [{ graceMs: 10n }, 'Cannot use graceMs 10n: wanted a whole number from 0 to 2147483647'],
  [{ drainTimeoutMs: '5s' }, 'Cannot use drainTimeoutMs "5s": wanted a whole number from 0 to 2147483647'],
  [
    { health: { ready: 'readyz' } },
    'Cannot use health.ready "readyz": wanted a path such as "/readyz", without "?" and "#"',
  ],
  [
    { health: { ready: '/a', live: '/a' } },
    'Cannot use health.live "/a": wanted another path than health.ready',
  ],
  [
    { health: true },
    'Cannot use health true: wanted paths such as { ready: "/readyz", live: "/livez" }, or false',
  ],
  [{ ready: true }, 'Cannot use ready true: wanted a function'],
  [{ signal: {} }, 'Cannot use signal {}: wanted an AbortSignal'],
  [{ signals: 'no' }, 'Cannot use signals "no": wanted true or false'],
  [
    { fingerprint: { key: {} } },
    'Cannot use fingerprint.key of type object: wanted text, numbers or booleans by name',
  ],
  [
    { idempotentRoutes: '/orders' },
    'Cannot use idempotentRoutes "/orders": wanted a list of at most 200 routes, each a path such as "/orders" or "/api/*", or { path, methods, mint }',
  ],
  [
    { idempotentRoutes: [{ path: '/orders', method: 'POST' }] },
    'Cannot use idempotentRoutes[0] {"path":"/orders","method":"POST"}: wanted a path such as "/orders" or "/api/*", or { path, methods, mint }',
  ],
  [
    { idempotentRoutes: ['/orders', 'orders'] },
    'Cannot use idempotentRoutes[1].path "orders": wanted a path such as "/orders" or "/api/*"',
  ],
  [
    { idempotentRoutes: ['/a?b'] },
    'Cannot use idempotentRoutes[0].path "/a?b": wanted a path such as "/orders" or "/api/*"',
  ],
  [
    { idempotentRoutes: [{ path: '/orders', methods: ['post'] }] },
    'Cannot use idempotentRoutes[0].methods ["post"]: wanted a list of methods such as ["POST"]',
  ],
  [
    { idempotentRoutes: [{ path: '/orders', mint: 'yes' }] },
    'Cannot use idempotentRoutes[0].mint "yes": wanted true or false',
  ],
]

for (const [options, message] of refused) {
  test(`serve: ${message}`, () => {
    assert.throws(
      () => serve(() => undefined, options as ServeOptions),
      (error) => isDroverError(error, 'OPTION_INVALID') && error.message === message,
    )
  })
}

test('serve: an option that it does not have is named, and so are those it has', () => {
  assert.throws(
    () => serve(() => undefined, { drainTimeout: 1 } as ServeOptions),
    /^DroverError: Cannot use option "drainTimeout": serve has port, host, [^\n]*drainTimeoutMs[^\n]*$/,
  )
})

test('serve: what is no app is named by its type', () => {
  for (const app of [undefined, null, {}, 'app', { server: {} }]) {
    assert.throws(
      () => serve(app as never),
      /^DroverError: Cannot serve [^\n]*: wanted a node:http handler, an Express, /,
    )
  }
})

test('PORT of the environment is read as strictly', () => {
  for (const PORT of ['http', '1e3', '99999', '-1']) {
    assert.throws(
      () => readSettings({}, { PORT }),
      new RegExp(`Cannot use PORT of the environment "${PORT}": wanted a whole number from 0 to 65535`),
    )
  }
})
