// What a SIGKILL of the primary leaves behind: nothing, for the guardian or else the next start sees to it.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { InstanceView } from '../../src/supervisor/fleet-options.ts'
import { identifyGroup } from '../../src/supervisor/process-group.ts'
import { readProcess } from '../../src/supervisor/process-table.ts'
import { runningOf, untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'
import { afterwards, fixture, fleetOf, temporaryFolder } from './fleet-under-test.ts'

interface Fact {
  readonly views?: readonly InstanceView[]
  readonly guardian?: number
  readonly line?: string
}

interface Primary {
  readonly process: ChildProcess
  readonly stateDir: string
  readonly guardian: number
  readonly instances: readonly number[]
  facts(): readonly Fact[]
}

/** A primary in a process of its own, both of its instances ready. */
async function startPrimary(context: TestContext, name: string): Promise<Primary> {
  const stateDir = temporaryFolder(context)
  const args = [fixture('runs-fleet.ts'), stateDir, '2', process.execPath, fixture(name)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  afterwards(context, () => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  const facts = () =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line): Fact => JSON.parse(line))
  const ready = await until('the primary has all instances ready', () =>
    facts().findLast(({ views }) => views?.every(({ state }) => state === 'ready')),
  )
  const instances = ready.views?.flatMap(({ pid }) => pid ?? []) ?? []
  const guardian = await until(
    'the primary has a guardian',
    () => facts().findLast(isAboutGuardian)?.guardian,
  )
  assert.equal((await runningOf([...instances, guardian])).length, 3)
  return { process: child, stateDir, guardian, instances, facts }
}

function isAboutGuardian(fact: Fact): boolean {
  return fact.guardian !== undefined
}

async function killPrimary(primary: Primary): Promise<void> {
  primary.process.kill('SIGKILL')
  await until('the primary is gone', () => primary.process.signalCode !== null)
}

function recordIn(stateDir: string): {
  readonly run: string
  readonly groups: readonly { readonly pid: number }[]
} {
  return JSON.parse(readFileSync(join(stateDir, 'groups.json'), 'utf8'))
}

test('the guardian ends stubborn instances and grandchildren after a SIGKILL of the primary, then itself', async (context) => {
  const primary = await startPrimary(context, 'has-grandchild.mjs')
  const grandchildren = primary
    .facts()
    .flatMap(({ line }) => (line?.startsWith('grandchild ') === true ? [Number(line.split(' ')[1])] : []))
  assert.equal(grandchildren.length, 2)
  await killPrimary(primary)
  await untilGone([...primary.instances, ...grandchildren, primary.guardian])
})

test('the guardian takes no notice of the signals that a terminal or an operator sends', async (context) => {
  const primary = await startPrimary(context, 'listens.mjs')
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)
    process.kill(primary.guardian, signal)
  await killPrimary(primary)
  await untilGone([...primary.instances, primary.guardian])
})

test('the next start ends what a killed primary and a killed guardian left, and serves', async (context) => {
  const primary = await startPrimary(context, 'has-grandchild.mjs')
  // Stopped first, so that it cannot start another guardian.
  primary.process.kill('SIGSTOP')
  process.kill(primary.guardian, 'SIGKILL')
  await killPrimary(primary)
  const [one = 0, two = 0] = primary.instances
  // This one's leader dies too; its grandchild is found by the mark of the run.
  process.kill(one, 'SIGKILL')
  await until('its leader is gone and collected', async () => (await readProcess(one)) === undefined)
  const grandchildren = primary
    .facts()
    .flatMap(({ line }) => (line?.startsWith('grandchild ') === true ? [Number(line.split(' ')[1])] : []))
  const left = [two, ...grandchildren]
  assert.deepEqual(await runningOf(left), left)
  const next = fleetOf(context, 'listens.mjs', { stateDir: primary.stateDir })
  await next.fleet.start()
  assert.deepEqual(await runningOf(left), [])
  assert.equal(next.log.length, 2)
  await next.untilReady()
})

test('the next start spares an innocent process that was given a recorded pid', async (context) => {
  const innocent = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
  afterwards(context, () => innocent.kill('SIGKILL'))
  const pid = innocent.pid ?? 0
  const stateDir = temporaryFolder(context)
  writeFileSync(
    join(stateDir, 'groups.json'),
    JSON.stringify({ run: 'x', groups: [{ pid, startTime: 'long ago' }] }),
  )
  writeFileSync(join(stateDir, 'lock'), JSON.stringify({ pid, startTime: 'long ago' }))
  const { fleet, untilReady, log } = fleetOf(context, 'listens.mjs', { stateDir })
  await fleet.start()
  await untilReady()
  assert.equal(innocent.exitCode ?? innocent.signalCode, null)
  assert.deepEqual(await runningOf([pid]), [pid])
  assert.deepEqual(log, [])
})

test('the next start spares a group without a leader that does not carry the mark of the run', async (context) => {
  const shell = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const startTime = (await identifyGroup(shell.pid ?? 0))?.startTime
  let text = ''
  shell.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  await until('the leader is gone', () => shell.exitCode !== null && text.endsWith('\n'))
  const daemon = Number(text)
  afterwards(context, () => process.kill(daemon, 'SIGKILL'))
  const stateDir = temporaryFolder(context)
  writeFileSync(
    join(stateDir, 'groups.json'),
    JSON.stringify({ run: 'x', groups: [{ pid: shell.pid, startTime }] }),
  )
  const { fleet } = fleetOf(context, 'listens.mjs', { stateDir })
  await fleet.start()
  assert.deepEqual(await runningOf([daemon]), [daemon])
})

test('a guardian that replaces a killed one knows all groups', async (context) => {
  const primary = await startPrimary(context, 'listens.mjs')
  process.kill(primary.guardian, 'SIGKILL')
  const second = await until('another runs', () => {
    const guardian = primary.facts().findLast(isAboutGuardian)?.guardian
    return guardian !== primary.guardian && guardian
  })
  await killPrimary(primary)
  await untilGone([...primary.instances, second])
})

test('Fleet starts another guardian when it dies, says so, and ends it with itself', async (context) => {
  const { fleet, untilReady, log } = fleetOf(context, 'listens.mjs')
  await fleet.start()
  await untilReady()
  const first = fleet.guardianPid ?? 0
  process.kill(first, 'SIGKILL')
  const second = await until('another runs', () => fleet.guardianPid !== first && fleet.guardianPid)
  assert.match(log[0] ?? '', /^The guardian was killed by SIGKILL; starting another in \d+ ms$/)
  assert.deepEqual(await runningOf([second]), [second])
  await fleet.stop()
  assert.deepEqual(await runningOf([second]), [])
})

test('Fleet.guard has another process ended with the fleet, unless it was unguarded', async (context) => {
  const guarded = spawn('sleep', ['600'], { stdio: 'ignore' })
  const released = spawn('sleep', ['600'], { stdio: 'ignore' })
  afterwards(context, () => released.kill('SIGKILL'))
  const { fleet, stateDir } = fleetOf(context, 'listens.mjs')
  await fleet.start()
  await fleet.guard(guarded.pid ?? 0)
  await fleet.guard(released.pid ?? 0)
  assert.equal(recordIn(stateDir).groups.length, 3)
  await fleet.unguard(released.pid ?? 0)
  await fleet.stop()
  await until('the guarded one is gone', () => guarded.signalCode === 'SIGTERM')
  assert.equal((await runningOf([released.pid ?? 0])).length, 1)
  assert.ok(!existsSync(join(stateDir, 'lock')))
})
