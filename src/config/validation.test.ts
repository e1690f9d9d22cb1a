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
    'Cannot use --env "PORT": wanted other names than PORT and DROVER_INSTANCE, which Drover gives to each instance itself',
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
