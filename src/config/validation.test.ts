import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DroverError } from '../base/errors.ts'
import { describe, flagName, validateOptions, type OptionSource } from './validation.ts'

const flags: OptionSource = { kind: 'flags' }
const file: OptionSource = { kind: 'file', name: 'drover.config.ts' }

function refusalOf(raw: unknown, source: OptionSource): string {
  try {
    validateOptions(raw, source)
  } catch (error) {
    assert.ok(error instanceof DroverError)
    assert.equal(error.code, 'OPTION_INVALID')
    return error.message
  }
  return 'accepted'
}

test('validateOptions reads numbers and durations from the text of flags', () => {
  const options = validateOptions(
    { instances: '3', port: '0', readyTimeout: '1.5s', stopTimeout: 250 },
    flags,
  )
  assert.deepEqual(options, { instances: 3, port: 0, readyTimeout: 1500, stopTimeout: 250 })
})

test('validateOptions takes undefined for not given', () => {
  assert.deepEqual(validateOptions({ port: undefined, env: { GONE: undefined } }, file), {
    port: undefined,
    env: { GONE: undefined },
  })
})

const wholeInstances = 'wanted a whole number from 1 to 64'
const duration = 'wanted a duration from 1ms to 1d, such as "30s" or "2m"'
const refusals: readonly (readonly [raw: object, message: string])[] = [
  [{ instances: 'zero' }, `Cannot use --instances "zero": ${wholeInstances}`],
  [{ instances: '0' }, `Cannot use --instances "0": ${wholeInstances}`],
  [{ instances: '65' }, `Cannot use --instances "65": ${wholeInstances}`],
  [{ instances: '1.5' }, `Cannot use --instances "1.5": ${wholeInstances}`],
  [{ instances: '' }, `Cannot use --instances "": ${wholeInstances}`],
  [{ port: 'http' }, 'Cannot use --port "http": wanted a whole number from 0 to 65535'],
  [{ port: '65536' }, 'Cannot use --port "65536": wanted a whole number from 0 to 65535'],
  [{ host: 'no such' }, 'Cannot use --host "no such": wanted an address or host name'],
  [{ health: 'health' }, 'Cannot use --health "health": wanted a path such as "/health"'],
  [{ health: '/a b' }, 'Cannot use --health "/a b": wanted a path such as "/health"'],
  [{ cwd: '' }, 'Cannot use --cwd "": wanted a folder'],
  [
    { version: 'a b' },
    'Cannot use --version "a b": wanted a label of up to 64 letters, digits or . _ + @ / -',
  ],
  [{ readyTimeout: '30' }, `Cannot use --ready-timeout "30": ${duration}`],
  [{ stopTimeout: '0s' }, `Cannot use --stop-timeout "0s": ${duration}`],
  [{ drainTimeout: '25h' }, `Cannot use --drain-timeout "25h": ${duration}`],
]

for (const [raw, message] of refusals) {
  test(`validateOptions names the flag of ${JSON.stringify(raw)}`, () => {
    assert.equal(refusalOf(raw, flags), message)
  })
}

const fileRefusals: readonly (readonly [raw: unknown, message: RegExp])[] = [
  [{ instances: 'zero' }, /^Cannot use instances "zero" in drover\.config\.ts: wanted a whole number/],
  [{ instances: Number.NaN }, /^Cannot use instances NaN in drover\.config\.ts: wanted a whole number/],
  [{ command: 'node x' }, /^Cannot use command "node x" in .*: wanted a program and its arguments as a list/],
  [{ command: [] }, /^Cannot use command \[\] in .*: wanted a program/],
  [{ command: ['node', 5] }, /^Cannot use command \[ 'node', 5 \] in .*: wanted a program/],
  [{ trustForwarded: 1 }, /^Cannot use trustForwarded 1 in .*: wanted true or false$/],
  [{ reveal: 'yes' }, /^Cannot use reveal "yes" in .*: wanted true or false$/],
  [
    { instnces: 3 },
    /^Cannot use instnces in drover\.config\.ts: there is no such option, did you mean instances\?$/,
  ],
  [{ sticky: true }, /^Cannot use sticky in .*: there is no such option, wanted one of command, instances, /],
  [
    undefined,
    /^Cannot use drover\.config\.ts: wanted export default defineConfig\(.*, but it exports undefined$/,
  ],
  ['x', /but it exports "x"$/],
  [null, /but it exports null$/],
]

for (const [raw, message] of fileRefusals) {
  test(`validateOptions says in one line what is wrong with the file's ${describe(raw)}`, () => {
    const refusal = refusalOf(raw, file)
    assert.match(refusal, message)
    assert.doesNotMatch(refusal, /\n/)
  })
}

test("validateOptions reads the balancer's options into its own names and units", () => {
  const options = validateOptions(
    {
      balancers: '2',
      admin: '[::1]:9090',
      tls: { cert: 'c.pem', key: 'k.pem' },
      idempotentRoutes: ['/orders', { path: '/api/*', methods: ['POST'], mint: true }],
      hedging: true,
      weights: { 1: 2, 64: 0.5 },
      limits: { parkTime: '15s', slowStart: 0, replayBytes: '64kb', spoolBytes: '1.5MB', concurrency: 100 },
    },
    file,
  )
  assert.deepEqual(options, {
    balancers: 2,
    admin: { host: '::1', port: 9090 },
    tls: [{ cert: 'c.pem', key: 'k.pem' }],
    idempotentRoutes: [{ path: '/orders' }, { path: '/api/*', methods: ['POST'], mint: true }],
    hedging: {},
    weights: { 1: 2, 64: 0.5 },
    limits: {
      parkTimeMs: 15_000,
      slowStartMs: 0,
      replayBytes: 65_536,
      spoolBytes: 1_572_864,
      concurrency: 100,
    },
  })
})

const admins: readonly (readonly [given: unknown, host: string, port: number])[] = [
  [9090, '127.0.0.1', 9090],
  ['9090', '127.0.0.1', 9090],
  ['0.0.0.0:0', '0.0.0.0', 0],
  ['localhost:80', 'localhost', 80],
]

for (const [given, host, port] of admins) {
  test(`validateOptions reads admin ${describe(given)}`, () => {
    assert.deepEqual(validateOptions({ admin: given }, file), { admin: { host, port } })
  })
}

const pair = 'wanted a certificate and its key, both PEM files'
const inner: readonly (readonly [raw: object, message: string])[] = [
  [
    { limits: { parkd: 1 } },
    'limits.parkd in drover.config.ts: there is no such option, did you mean parked?',
  ],
  [
    { limits: { parkTimeMs: 1 } },
    'limits.parkTimeMs in drover.config.ts: there is no such option, did you mean parkTime?',
  ],
  [
    { limits: { parkTime: 'soon' } },
    'limits.parkTime "soon" in drover.config.ts: wanted a duration from 1ms to 1d, such as "30s" or "2m"',
  ],
  [
    { limits: { holdTime: '1s' } },
    'limits.holdTime "1s" in drover.config.ts: wanted a duration from 0ms to 50ms, such as "50ms"',
  ],
  [
    { limits: { headBytes: '100b' } },
    'limits.headBytes "100b" in drover.config.ts: wanted a size from 1kb to 16mb, such as "64kb" or "1mb"',
  ],
  [{ limits: { attempts: 0 } }, 'limits.attempts 0 in drover.config.ts: wanted a whole number from 1 to 20'],
  [{ limits: { retryShare: 2 } }, 'limits.retryShare 2 in drover.config.ts: wanted a number from 0 to 1'],
  [{ limits: 5 }, 'limits 5 in drover.config.ts: wanted names with values, such as { concurrency: 100 }'],
  [{ tls: { cert: 'c' } }, `tls.key undefined in drover.config.ts: ${pair}`],
  [
    {
      tls: [
        { cert: 'c', key: 'k' },
        { cert: 'c', key: '' },
      ],
    },
    'tls[1].key "" in drover.config.ts: wanted a file',
  ],
  [
    { tls: { cert: 'c', kye: 'k', key: 'k' } },
    'tls.kye in drover.config.ts: there is no such option, did you mean key?',
  ],
  [{ tls: [] }, `tls [] in drover.config.ts: ${pair}`],
  [{ tls: 'c.pem' }, `tls "c.pem" in drover.config.ts: ${pair}`],
  [{ tlsMinVersion: 'TLSv1' }, 'tlsMinVersion "TLSv1" in drover.config.ts: wanted "TLSv1.2" or "TLSv1.3"'],
  [
    { idempotentRoutes: ['/a', 'b'] },
    'idempotentRoutes[1] "b" in drover.config.ts: wanted a path such as "/orders" or "/api/*"',
  ],
  [
    { idempotentRoutes: [{ path: '/a', methods: ['post'] }] },
    'idempotentRoutes[0].methods[0] "post" in drover.config.ts: wanted a method such as "POST"',
  ],
  [{ hedging: { share: 0 } }, 'hedging.share 0 in drover.config.ts: wanted a number from 0.001 to 1'],
  [{ hedging: 'yes' }, 'hedging "yes" in drover.config.ts: wanted true, false, or { quantile, share }'],
  [{ weights: { 1: -1 } }, 'weights.1 -1 in drover.config.ts: wanted a number from 0.01 to 100'],
  [
    { weights: { 65: 1 } },
    'weights { \'65\': 1 } in drover.config.ts: wanted the ids of instances, 1 to 64, with numbers, such as { "1": 2 }',
  ],
  [{ balancers: 17 }, 'balancers 17 in drover.config.ts: wanted a whole number from 1 to 16'],
  ...['', 'host', '::1:80', '1.2.3.4:99999', 70_000].map(
    (admin) =>
      [
        { admin },
        `admin ${describe(admin)} in drover.config.ts: wanted a port, or an address and a port such as "127.0.0.1:9090"`,
      ] as const,
  ),
]

for (const [raw, message] of inner) {
  test(`validateOptions names what is wrong in ${JSON.stringify(raw)}`, () => {
    assert.equal(refusalOf(raw, file), `Cannot use ${message}`)
  })
}

test('validateOptions names the flag of what is inside an option', () => {
  assert.equal(refusalOf({ tls: { cert: '', key: 'k' } }, flags), 'Cannot use --tls-cert "": wanted a file')
})

test('validateOptions never shows the value of a variable', () => {
  assert.equal(
    refusalOf({ env: { API_KEY: 12_345 } }, file),
    'Cannot use env.API_KEY of type number in drover.config.ts: wanted text',
  )
  assert.equal(refusalOf({ env: 'SECRET' }, file).includes('SECRET'), false)
})

test('validateOptions refuses variables that Drover sets itself', () => {
  assert.equal(
    refusalOf({ env: { PORT: '1' } }, flags),
    'Cannot use --env "PORT": wanted other names than PORT, DROVER_INSTANCE, DROVER_EPOCH and DROVER_MARKER, which Drover gives to each instance itself',
  )
})

test('validateOptions names the environment variable', () => {
  assert.equal(
    refusalOf({ port: 'x' }, { kind: 'environment' }),
    'Cannot use PORT "x" in the environment: wanted a whole number from 0 to 65535',
  )
})

test('flagName writes an option as its flag', () => {
  assert.equal(flagName('readyTimeout'), '--ready-timeout')
})

test('describe stays on one short line', () => {
  const shown = describe({ text: 'a\nb'.repeat(200), list: Array.from({ length: 200 }, () => 1) })
  assert.ok(shown.length <= 61)
  assert.doesNotMatch(shown, /\n/)
})
