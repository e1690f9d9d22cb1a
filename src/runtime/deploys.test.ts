import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isDroverError, type ErrorCode } from '../base/errors.ts'
import type { DeployRequest } from '../control/deploying.ts'
import type { Target } from '../supervisor/target.ts'
import type { Version } from '../supervisor/version.ts'
import { Deploys } from './deploys.ts'

const command = [process.execPath, 'server.ts']

interface Run {
  readonly deploys: Deploys
  readonly said: readonly string[]
  target: Target
  /** The label of the code that is found in any folder. */
  code: string
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly label?: string
}

/** A run of `drover up` without a fleet: what it aims at never comes. */
function startRun(stateDir: string, { env = {}, label = 'a' }: RunOptions = {}): Run {
  const said: string[] = []
  const current: Version = { number: 1, label, command, cwd: stateDir, env: { HOME: '/', ...env } }
  const deploys = new Deploys({
    target: () => run.target,
    aim: (target) => {
      run.target = target
    },
    instances: () => [],
    stats: () => new Map(),
    rules: () => ({ surge: 1, healthyTimeMs: 0, errorRate: 1, latency: 1 }),
    readLabel: () => Promise.resolve(run.code),
    linesOf: () => [],
    now: () => 1_000,
    scheduler: { after: () => () => undefined },
    stateDir,
    requireFolder: () => undefined,
    configuredEnv: env,
    announce: ({ text }) => said.push(text),
  })
  const run: Run = { deploys, said, target: { instances: 2, spares: 0, current }, code: 'a' }
  return run
}

function opened(stateDir: string, options?: RunOptions): Run {
  const run = startRun(stateDir, options)
  run.deploys.read()
  run.deploys.open()
  return run
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'drover-deploys-'))
  t.after(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** Begins a deploy that will not end by itself. */
async function begin({ deploys }: Run, request: DeployRequest): Promise<void> {
  const beginning = Promise.withResolvers<void>()
  const ended = deploys.deploy(request, ({ kind }) => {
    if (kind === 'begun') beginning.resolve()
  })
  await Promise.race([beginning.promise, ended])
}

/** As if the deploy had been done. */
function recordAsDone(stateDir: string): void {
  const path = join(stateDir, 'history.json')
  const text = readFileSync(path, 'utf8')
    .replace('"running"', '"done"')
    .replace('"current": 1', '"current": 2')
  writeFileSync(path, text)
}

const code = (wanted: ErrorCode) => (error: unknown) => isDroverError(error, wanted)
const ignore = () => undefined

test('Deploys: what --env gave is added to the environment of drover up, and written down alone', async (t) => {
  const stateDir = folder(t)
  const run = opened(stateDir, { env: { LEVEL: 'info', SECRET: 'of the configuration' } })
  await begin(run, { env: { LEVEL: 'debug' }, label: 'b' })
  const { next } = run.target
  assert.deepEqual(next?.version, {
    number: 2,
    label: 'b',
    command,
    cwd: stateDir,
    env: { HOME: '/', LEVEL: 'debug', SECRET: 'of the configuration' },
  })
  const written = readFileSync(join(stateDir, 'history.json'), 'utf8')
  assert.ok(written.includes('debug'))
  assert.ok(!written.includes('of the configuration') && !written.includes('HOME'))
})

test('Deploys: a version without a name is called by its number', async (t) => {
  const run = opened(folder(t))
  run.code = '1'
  await begin(run, {})
  assert.equal(run.target.next?.version.label, '2')
})

test('Deploys: one at a time, and none before the fleet is open or once it stops', async (t) => {
  const run = startRun(folder(t))
  await assert.rejects(run.deploys.deploy({}, ignore), code('CONTROL_FAILED'))
  run.deploys.read()
  run.deploys.open()
  const first = run.deploys.deploy({}, ignore)
  const second = run.deploys.rollback({}, ignore)
  run.deploys.stop()
  await assert.rejects(second, code('DEPLOY_RUNNING'))
  await assert.rejects(first, code('CONTROL_FAILED'))
  await assert.rejects(run.deploys.deploy({}, ignore), code('CONTROL_FAILED'))
})

test('Deploys: what is refused leaves no trace, and the next one may begin', async (t) => {
  const run = opened(folder(t))
  await assert.rejects(run.deploys.deploy({ command: ['no-such-program'] }, ignore), code('OPTION_INVALID'))
  await assert.rejects(run.deploys.deploy({ env: { PORT: '1' } }, ignore), code('OPTION_INVALID'))
  await assert.rejects(run.deploys.rollback({}, ignore), code('VERSION_UNKNOWN'))
  assert.equal(run.deploys.history().length, 1)
  await begin(run, {})
  assert.equal(run.deploys.history().length, 2)
})

test('Deploys: a deploy that is given up before it has begun ends as aborted', async (t) => {
  const run = opened(folder(t))
  const deploying = run.deploys.deploy({ label: 'b' }, ignore)
  run.deploys.abortDeploy()
  await new Promise(setImmediate)
  assert.equal(run.target.next?.instances, 0)
  run.deploys.stop()
  const { outcome, running } = await deploying
  assert.deepEqual([outcome, running], ['aborted', 'a'])
})

test('Deploys: a fleet that stops in the middle of a deploy exchanges nothing any more', async (t) => {
  const run = opened(folder(t))
  const deploying = run.deploys.deploy({ label: 'b' }, ignore)
  await new Promise(setImmediate)
  const target = run.target
  assert.equal(target.next?.instances, 1)
  run.deploys.stop()
  assert.equal(run.target, target)
  assert.deepEqual((await deploying).outcome, 'aborted')
  assert.equal(run.deploys.history().at(-1)?.outcome, 'aborted')
})

test('Deploys: the version deployed last is resumed over the same configuration, and over no other', async (t) => {
  const stateDir = folder(t)
  await begin(opened(stateDir), { label: 'b', env: { LEVEL: 'debug' } })
  recordAsDone(stateDir)
  const same = opened(stateDir)
  assert.deepEqual(
    [same.target.current.label, same.target.current.number, same.target.current.env],
    ['b', 2, { HOME: '/', LEVEL: 'debug' }],
  )
  assert.deepEqual(same.said, ['resuming version b (deploy 2)'])
  const other = opened(stateDir, { env: { LEVEL: 'info' } })
  assert.deepEqual([other.target.current.label, other.target.current.number], ['a', 3])
})

test('Deploys: a version that cannot be run any more is not resumed', async (t) => {
  const stateDir = folder(t)
  const release = folder(t)
  await begin(opened(stateDir), { label: 'b', dir: release })
  recordAsDone(stateDir)
  rmSync(release, { recursive: true })
  const run = opened(stateDir)
  assert.equal(run.target.current.label, 'a')
  assert.deepEqual(run.said, [
    `Cannot resume version b (deploy 2): no such folder ${JSON.stringify(release)}`,
  ])
})

test('Deploys: a deploy that a kill of the primary cut short is interrupted, and the version before runs', async (t) => {
  const stateDir = folder(t)
  await begin(opened(stateDir), { label: 'b' })
  const run = opened(stateDir)
  assert.deepEqual(run.said, ['deploy 2 of version b was interrupted: version a runs'])
  assert.deepEqual(
    run.deploys.history().map(({ version, outcome, isCurrent }) => [version, outcome, isCurrent]),
    [
      ['a', 'done', true],
      ['b', 'interrupted', false],
    ],
  )
})

test('Deploys: the same configuration is the same version in every run, unless its code is another', (t) => {
  const stateDir = folder(t)
  opened(stateDir)
  assert.equal(opened(stateDir).target.current.number, 1)
  assert.equal(opened(stateDir, { label: 'b' }).target.current.number, 2)
  assert.equal(opened(stateDir, { label: 'b' }).target.current.number, 2)
})
