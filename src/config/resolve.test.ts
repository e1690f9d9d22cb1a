import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigFile } from './file.ts'
import type { ValidOptions } from './options.ts'
import { mergeOptions, resolveStateDir } from './resolve.ts'

function configFile(options: ValidOptions): ConfigFile {
  return { path: '/app/drover.config.ts', folder: '/app', name: 'drover.config.ts', options }
}

const bare = { file: undefined, environment: {}, currentDir: '/here' }
const command = ['node', 'server.ts']

test('mergeOptions fills in the defaults', () => {
  assert.deepEqual(mergeOptions({ ...bare, flags: { command } }), {
    command,
    instances: 3,
    spares: 0,
    autoscale: undefined,
    maxMemory: undefined,
    hangTimeoutMs: 5_000,
    fingerprint: [],
    deploy: { surge: 1, healthyTimeMs: 2_000, errorRate: 0.02, latency: 3 },
    port: 8080,
    host: '127.0.0.1',
    health: undefined,
    reveal: false,
    trustForwarded: false,
    proxyProtocol: false,
    tls: undefined,
    idempotentRoutes: [],
    hedging: undefined,
    weights: {},
    balancers: 1,
    limits: {},
    accessLog: undefined,
    admin: undefined,
    env: {},
    cwd: '/here',
    version: undefined,
    stateDir: '/here/.drover',
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
    drainTimeoutMs: 10_000,
  })
})

test('mergeOptions lets a flag win over the file and the file over the default', () => {
  const file = configFile({ command, instances: 5, port: 9000, reveal: true })
  const merged = mergeOptions({ ...bare, file, flags: { instances: 2, port: undefined, reveal: false } })
  assert.equal(merged.instances, 2)
  assert.equal(merged.port, 9000)
  assert.equal(merged.reveal, false)
})

test("mergeOptions takes the environment's PORT only when nobody says otherwise", () => {
  const environment = { PORT: '7000' }
  assert.equal(mergeOptions({ ...bare, environment, flags: { command } }).port, 7000)
  assert.equal(mergeOptions({ ...bare, environment: { PORT: '' }, flags: { command } }).port, 8080)
  assert.equal(mergeOptions({ ...bare, environment, flags: { command, port: 0 } }).port, 0)
  assert.equal(
    mergeOptions({ ...bare, environment: { PORT: 'bad' }, flags: { command, port: 7001 } }).port,
    7001,
  )
  assert.throws(() => mergeOptions({ ...bare, environment: { PORT: 'bad' }, flags: { command } }), {
    code: 'OPTION_INVALID',
    message: 'Cannot use PORT "bad" in the environment: wanted a whole number from 0 to 65535',
  })
})

test('mergeOptions adds the variables of the flags to those of the file', () => {
  const file = configFile({ command, env: { A: 'file', B: 'file' } })
  assert.deepEqual(mergeOptions({ ...bare, file, flags: { env: { B: 'flag' } } }).env, {
    A: 'file',
    B: 'flag',
  })
})

test("mergeOptions reads a file's folders from the file's folder and a flag's from the current one", () => {
  const file = configFile({ command, cwd: 'src', state: 'run' })
  const fromFile = mergeOptions({ ...bare, file, flags: {} })
  assert.equal(fromFile.cwd, '/app/src')
  assert.equal(fromFile.stateDir, '/app/run')
  const fromFlags = mergeOptions({ ...bare, file, flags: { cwd: 'src', state: '/run' } })
  assert.equal(fromFlags.cwd, '/here/src')
  assert.equal(fromFlags.stateDir, '/run')
})

test("mergeOptions reads a file's certificates and log from the file's folder, a flag's from the current one", () => {
  const tls = [{ cert: 'c.pem', key: '/keys/k.pem' }]
  const file = configFile({ command, tls, tlsMinVersion: 'TLSv1.3', accessLog: 'log/access' })
  const fromFile = mergeOptions({ ...bare, file, flags: {} })
  const certificates = [{ cert: '/app/c.pem', key: '/keys/k.pem' }]
  assert.deepEqual(fromFile.tls, { certificates, minVersion: 'TLSv1.3' })
  assert.equal(fromFile.accessLog, '/app/log/access')
  const fromFlags = mergeOptions({ ...bare, file, flags: { tls, accessLog: '-' } })
  assert.equal(fromFlags.tls?.certificates[0]?.cert, '/here/c.pem')
  assert.equal(fromFlags.accessLog, '-')
})

test('mergeOptions tells hedging with its defaults from none', () => {
  const hedgingOf = (hedging: ValidOptions['hedging']) =>
    mergeOptions({ ...bare, flags: { command, hedging } }).hedging
  assert.deepEqual(hedgingOf({}), {})
  assert.equal(hedgingOf(false), undefined)
})

test('mergeOptions runs instances in the folder of the config file, and keeps the state in the current one', () => {
  const merged = mergeOptions({ ...bare, file: configFile({ command }), flags: {} })
  assert.equal(merged.cwd, '/app')
  assert.equal(merged.stateDir, '/here/.drover')
  assert.equal(resolveStateDir({ file: configFile({}), flags: {}, currentDir: '/here' }), '/here/.drover')
})

test('mergeOptions refuses to start without a command, and says where one may stand', () => {
  assert.throws(() => mergeOptions({ ...bare, flags: {} }), {
    code: 'OPTION_INVALID',
    message: 'Cannot start a fleet without a command: wanted one after --, such as -- node server.ts',
  })
  assert.throws(() => mergeOptions({ ...bare, file: configFile({}), flags: {} }), {
    message: /such as -- node server\.ts, or command in drover\.config\.ts$/,
  })
})

test('mergeOptions freezes what it returns', () => {
  const merged = mergeOptions({ ...bare, flags: { command, env: {} } })
  assert.ok(Object.isFrozen(merged) && Object.isFrozen(merged.command) && Object.isFrozen(merged.env))
})
