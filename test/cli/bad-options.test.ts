// Every wrong call costs one line on standard error that names what was wrong and what was wanted, and exit code 2.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { call } from './called.ts'
import { makeFolder, run } from './terminal.ts'

const command = ['--', 'node', 'server.ts']
const calls: readonly (readonly [args: readonly string[], line: string])[] = [
  [['up'], 'Cannot start a fleet without a command: wanted one after --, such as -- node server.ts'],
  [
    ['up', '--instances', 'zero', ...command],
    'Cannot use --instances "zero": wanted a whole number from 1 to 64',
  ],
  [['up', '--port', 'http', ...command], 'Cannot use --port "http": wanted a whole number from 0 to 65535'],
  [['up', '--health', 'ready', ...command], 'Cannot use --health "ready": wanted a path such as "/health"'],
  [
    ['up', '--stop-timeout', 'soon', ...command],
    'Cannot use --stop-timeout "soon": wanted a duration from 1ms to 1d, such as "30s" or "2m"',
  ],
  [['up', '--env', 'WORD', ...command], 'Cannot use --env "WORD": wanted NAME=VALUE'],
  [
    ['up', '--env', 'PORT=1', ...command],
    'Cannot use --env "PORT": wanted other names than PORT, DROVER_INSTANCE, DROVER_EPOCH and DROVER_MARKER, which Drover gives to each instance itself',
  ],
  [['up', '--balancers', '0', ...command], 'Cannot use --balancers "0": wanted a whole number from 1 to 16'],
  [
    ['up', '--admin', 'here', ...command],
    'Cannot use --admin "here": wanted a port, or an address and a port such as "127.0.0.1:9090"',
  ],
  [['up', '--tls-cert', 'c.pem', ...command], 'Cannot use --tls-cert: wanted --tls-key beside it'],
  [['up', '--cwd', '/no/such', ...command], 'Cannot use --cwd "/no/such": wanted a folder that exists'],
  [['up', '--config', 'gone.ts'], 'Cannot use --config "gone.ts": wanted a file such as drover.config.ts'],
  [['up', '--instnces', '3'], 'Cannot use --instnces: there is no such option, did you mean --instances?'],
  [['up', '--port'], 'Cannot use --port: wanted a value after it, <number>'],
  [['kill'], 'Cannot run kill without <id>: see npm run -s drover -- kill --help'],
  [['status', '2'], 'Cannot run status: wanted no arguments, but got 1: 2'],
  [['staus'], 'Cannot run "staus": there is no such command, did you mean status?'],
]

/** Refused when the fleet is about to start: in a process of its own. */
const startCalls: readonly (readonly [args: readonly string[], line: string])[] = [
  [
    ['up', '--access-log', '/no/such/log', ...command],
    'Cannot use --access-log "/no/such/log": wanted a file in a folder that exists',
  ],
  [['up', '--', 'no-such-program'], 'Cannot start an instance: no such command "no-such-program"'],
]

const wantedScale = 'wanted a whole number from 1 to 64, or auto'
/** Refused before a fleet is even looked for. */
const commandCalls: readonly (readonly [args: readonly string[], line: string])[] = [
  [['scale', '0'], `Cannot use scale "0": ${wantedScale}`],
  [['scale', '65'], `Cannot use scale "65": ${wantedScale}`],
  [['scale'], 'Cannot run scale without <to>: see npm run -s drover -- scale --help'],
  [['drain'], 'Cannot run drain without <id>: see npm run -s drover -- drain --help'],
  [['rollback', 'last'], 'Cannot use number "last": wanted a whole number from 1 to 999999999'],
  [['logs', '-n', 'all'], 'Cannot use --lines "all": wanted a whole number from 0 to 100000'],
  [['deploy', '--for', '30s'], 'Cannot use --for: wanted --canary beside it'],
  [
    ['deploy', '--canary', '0%'],
    'Cannot use --canary "0%": wanted a share of the instances above 0% and below 100%, such as 10%',
  ],
  [['deploy', '--dir', 'gone'], 'Cannot use --dir "gone": wanted a folder that exists'],
  [['deploy', '--abort', '--label', 'v2'], 'Cannot use --abort: wanted nothing to deploy beside it'],
  [['deploy', '--sruge', '2'], 'Cannot use --sruge: there is no such option, did you mean --surge?'],
]

for (const [args, line] of commandCalls) {
  test(`drover refuses ${args.join(' ')}`, async () => {
    const outcome = await call(args, await makeFolder())
    assert.deepEqual(outcome, { code: 2, stdout: '', stderr: `${line}\n` })
  })
}

for (const [args, line] of calls) {
  test(`drover refuses ${args.join(' ')}`, async () => {
    const outcome = await call(args, await makeFolder())
    assert.deepEqual(outcome, { code: 2, stdout: '', stderr: `${line}\n` })
  })
}

for (const [args, line] of startCalls) {
  test(`drover refuses ${args.join(' ')}`, async (t) => {
    const outcome = await run(t, args, { cwd: await makeFolder() })
    assert.deepEqual(outcome, { code: 2, stdout: '', stderr: `${line}\n` })
  })
}

test('drover refuses a PORT in the environment that is none', async () => {
  const outcome = await call(['up', ...command], await makeFolder(), { PORT: 'http' })
  const line = 'Cannot use PORT "http" in the environment: wanted a whole number from 0 to 65535\n'
  assert.deepEqual(outcome, { code: 2, stdout: '', stderr: line })
})

const files: readonly (readonly [content: string, line: string])[] = [
  [
    'export default { instances: "zero" }',
    'Cannot use instances "zero" in drover.config.ts: wanted a whole number from 1 to 64',
  ],
  [
    'export default { instnces: 3 }',
    'Cannot use instnces in drover.config.ts: there is no such option, did you mean instances?',
  ],
  [
    'export default { port: 1 }',
    'Cannot start a fleet without a command: wanted one after --, such as -- node server.ts, or command in drover.config.ts',
  ],
  [
    'export const port = 1',
    'Cannot use drover.config.ts: wanted export default defineConfig({ … }), but it has no default export',
  ],
  [
    'export default { limits: { parkd: 5 } }',
    'Cannot use limits.parkd in drover.config.ts: there is no such option, did you mean parked?',
  ],
  ['\nthrow new Error("no secrets today")', 'Cannot load drover.config.ts:2: no secrets today'],
]

for (const [content, line] of files) {
  test(`drover up refuses a config file: ${content.trim()}`, async () => {
    const cwd = await makeFolder()
    await writeFile(join(cwd, 'drover.config.ts'), content)
    assert.deepEqual(await call(['up'], cwd), { code: 2, stdout: '', stderr: `${line}\n` })
  })
}

test('drover up refuses to choose between two config files', async () => {
  const cwd = await makeFolder()
  for (const name of ['drover.config.ts', 'drover.config.js']) {
    await writeFile(join(cwd, name), 'export default {}')
  }
  const line =
    'Cannot choose between drover.config.ts and drover.config.js: wanted only one of them, or --config FILE\n'
  assert.deepEqual(await call(['up'], cwd), { code: 2, stdout: '', stderr: line })
})
