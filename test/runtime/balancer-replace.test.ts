// Balancers replaced by other code while they serve: nothing is lost, and code that does not start changes nothing.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { workerPath } from '../../src/runtime/balancer-worker.ts'
import { untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'
import { ask, kill, pidOf, startInstance, startKept, type Kept } from './kept-balancers.ts'
import { startLoad } from './steady-load.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const bounds = { drainTimeoutMs: 30_000 }
const goodCode = `import ${JSON.stringify(workerPath)}`

/** The code of the balancers as a file, to be changed under them. */
async function writeCode(): Promise<(code: string) => Promise<string>> {
  const folder = await temporaryFolder('worker')
  const path = join(folder, 'worker.mjs')
  return async (code) => {
    await writeFile(path, code)
    return path
  }
}

function pidsOf({ group }: Kept): (number | null)[] {
  return group.snapshot().balancers.map(({ pid }) => pid)
}

test('replacing the balancers under load, again and again, loses no request', async (t) => {
  const kept = await startKept(t, { count: 2 })
  kept.group.setUpstreams([await startInstance(t, '1', 5), await startInstance(t, '2', 5)])
  const load = startLoad(kept.port, { fresh: 4, keptAlive: 4 })
  t.after(() => load.stop())
  for (let round = 0; round < 2; round++) {
    const before = pidsOf(kept)
    await load.answers(100)
    assert.deepEqual(await kept.group.replace(bounds), { replaced: 2, cut: 0 })
    const after = pidsOf(kept)
    assert.equal(after.length, 2)
    for (const pid of after) assert.ok(!before.includes(pid))
    await untilGone(before.filter((pid) => pid !== null))
  }
  await load.answers(100)
  const { outcomes } = await load.stop()
  assert.deepEqual(Object.keys(outcomes), ['answered'])
  assert.deepEqual(
    kept.group.snapshot().balancers.map(({ restarts, state }) => [restarts, state]),
    [
      [0, 'serving'],
      [0, 'serving'],
    ],
  )
  assert.deepEqual(kept.logs, [])
})

test('a replaced balancer finishes what it has, and shows as draining meanwhile', async (t) => {
  const kept = await startKept(t)
  kept.group.setUpstreams([await startInstance(t, '1', 1_000)])
  const old = pidOf(kept)
  const answer = ask(kept.port)
  await until('it is in flight', () => kept.group.snapshot().loads.get('1')?.inFlight === 1)
  const replaced = kept.group.replace(bounds)
  await until('the old one drains', () => {
    const { balancers } = kept.group.snapshot()
    return balancers.some(({ pid, state }) => pid === old && state === 'draining') && pidOf(kept) !== old
  })
  assert.equal(await answer, 'answered')
  assert.deepEqual(await replaced, { replaced: 1, cut: 0 })
  assert.equal(kept.group.snapshot().balancers.length, 1)
})

test('a replaced balancer cuts what does not end in time, and says how much', async (t) => {
  const kept = await startKept(t)
  kept.group.setUpstreams([await startInstance(t, '1', 1_000_000)])
  const lost = ask(kept.port)
  await until('it is in flight', () => kept.group.snapshot().loads.get('1')?.inFlight === 1)
  assert.deepEqual(await kept.group.replace({ drainTimeoutMs: 1 }), { replaced: 1, cut: 1 })
  assert.equal(await lost, 'ECONNRESET')
})

test('replace runs the code that is on disk then; code that fails changes nothing', async (t) => {
  const write = await writeCode()
  const program = await write(goodCode)
  const outputs: string[] = []
  const kept = await startKept(t, { program, output: (line) => outputs.push(line) })
  kept.group.setUpstreams([await startInstance(t, '1')])
  const first = pidOf(kept)
  await write('process.exit(3)')
  await assert.rejects(kept.group.replace(bounds), {
    code: 'CONTROL_FAILED',
    message: 'Cannot replace the balancer: the new one ended by code 3; the old one goes on',
  })
  await write('setInterval(() => undefined, 1_000)')
  await assert.rejects(kept.group.replace({ ...bounds, startTimeoutMs: 300 }), {
    code: 'CONTROL_FAILED',
    message: /the new one did not accept connections within 0\.3 s; the old one goes on$/,
  })
  assert.equal(pidOf(kept), first)
  assert.equal(kept.group.snapshot().balancers.length, 1)
  assert.equal(await ask(kept.port), 'answered')
  assert.equal(outputs.length, 0)
  await write(`${goodCode}\nconsole.log('other code')`)
  await kept.group.replace(bounds)
  await until('the other code speaks', () => outputs.includes('other code'))
  assert.equal(await ask(kept.port), 'answered')
})

test('replace goes on when the old balancer dies while the new one starts', async (t) => {
  const kept = await startKept(t)
  kept.group.setUpstreams([await startInstance(t, '1')])
  const old = kill(kept)
  await kept.group.replace(bounds)
  assert.equal(await ask(kept.port), 'answered')
  await untilGone([old])
  await until('one is left', () => kept.group.snapshot().balancers.length === 1)
})

test('only one replacement runs at a time, and none while the fleet stops', async (t) => {
  const kept = await startKept(t)
  const first = kept.group.replace(bounds)
  await assert.rejects(kept.group.replace(bounds), {
    code: 'CONTROL_FAILED',
    message: 'Cannot replace the balancers: they are being replaced already',
  })
  await first
  const late = kept.group.replace(bounds)
  const drained = kept.group.drain(30_000)
  await assert.rejects(late, {
    code: 'CONTROL_FAILED',
    message: /: the fleet is stopping; the old one goes on$/,
  })
  assert.deepEqual(await drained, { cut: 0 })
  await assert.rejects(kept.group.replace(bounds), /they are not serving$/)
  await kept.group.close()
  await untilGone(kept.started)
})
