// A running fleet whose configuration changes: what applies at once, what waits, and what a wrong one does.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import { startLoad } from '../runtime/steady-load.ts'
import { listen } from '../support/free-port.ts'
import { untilGone } from '../support/process.ts'
import { makeFolder, openTerminal, run, serverPath, startFleet } from './terminal.ts'

const base = { command: [process.execPath, serverPath], instances: 2, port: 0, version: 'v1', admin: 0 }

/** Writes a config that takes its limits from a module of its own: what it imports is read again too. */
async function writeConfig(cwd: string, options: object, parked = 10): Promise<void> {
  await writeFile(join(cwd, 'limits.ts'), `export const limits = { parked: ${parked} }`)
  const text = JSON.stringify({ ...base, ...options })
  await writeFile(
    join(cwd, 'drover.config.ts'),
    `import { limits } from './limits.ts'\nexport default { ...${text}, limits }`,
  )
}

test('drover reload, metrics and the admin pages: the round trip', async (t) => {
  const cwd = await makeFolder()
  await writeConfig(cwd, {})
  const { terminal, url } = await startFleet(t, [], { cwd })
  const command = async (...args: readonly string[]) => run(t, args, { cwd })
  const status = async () => JSON.parse((await command('status', '--json')).stdout) as FleetSnapshot

  await t.test('nothing changed: nothing to apply', async () => {
    assert.deepEqual(await command('reload'), { code: 0, stdout: 'Nothing to apply\n', stderr: '' })
  })

  await t.test(
    'what may change live is applied, what needs a restart is named and left as it was',
    async () => {
      await writeConfig(cwd, { reveal: true, weights: { 1: 3 }, port: 1, env: { WORD: 'x' } }, 20)
      const { code, stdout } = await command('reload', '--json')
      assert.equal(code, 0)
      assert.deepEqual(JSON.parse(stdout), {
        applied: ['reveal', 'weights', 'limits'],
        restart: ['port', 'env'],
        certificates: false,
        replaced: 0,
        cut: 0,
      })
      await terminal.shows('configuration read again: applied reveal, weights, limits\n')
      await terminal.shows('a restart of drover up is needed for port, env\n')
      assert.equal((await status()).url, url)
    },
  )

  await t.test('a wrong config is refused by name, and changes nothing', async () => {
    await writeFile(join(cwd, 'drover.config.ts'), 'export default { limits: { parkd: 1 } }')
    const line =
      'Cannot use limits.parkd in drover.config.ts: there is no such option, did you mean parked? (nothing was changed)\n'
    assert.deepEqual(await command('reload', '--state', '.drover', '--balancers'), {
      code: 2,
      stdout: '',
      stderr: line,
    })
    assert.equal((await fetch(url)).status, 200)
    await writeConfig(cwd, { reveal: true, weights: { 1: 3 } }, 20)
  })

  await t.test('--balancers replaces them under load: no request is lost', async () => {
    const { balancers } = await status()
    const load = startLoad(Number(new URL(url).port), { fresh: 2, keptAlive: 2 })
    t.after(() => load.stop())
    await load.answers(50)
    const { code, stdout } = await command('reload', '--balancers')
    assert.deepEqual([code, stdout], [0, 'Nothing to apply\nReplaced the balancer\n'])
    await load.answers(50)
    const { outcomes } = await load.stop()
    assert.deepEqual(Object.keys(outcomes), ['answered'])
    const after = (await status()).balancers
    assert.equal(after.length, 1)
    assert.notEqual(after[0]?.pid, balancers[0]?.pid)
    await untilGone(balancers.map(({ pid }) => pid ?? 0))
  })

  await t.test('a new balancer runs by the reloaded options', async () => {
    assert.match((await fetch(url)).headers.get('x-drover-instance') ?? '', /^[12]$/)
  })

  await t.test('drover metrics prints what the fleet counts', async () => {
    const { code, stdout } = await command('metrics')
    assert.equal(code, 0)
    assert.match(stdout, /^# TYPE drover_instances gauge$/m)
    assert.match(stdout, /^drover_instances\{state="ready"\} 2$/m)
    assert.match(stdout, /^drover_fleet_info\{version="v1"\} 1$/m)
  })

  await t.test('the admin port serves the same, and the public one does not', async () => {
    const { admin } = await status()
    assert.ok(admin !== null)
    await terminal.shows(`metrics on ${admin}/metrics\n`)
    const metrics = await fetch(`${admin}/metrics`)
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(await metrics.text(), /^drover_instances\{state="ready"\} 2$/m)
    const snapshot = (await (await fetch(`${admin}/status`)).json()) as FleetSnapshot
    assert.equal(snapshot.instances.length, 2)
    const health = await fetch(`${admin}/healthz`)
    assert.deepEqual([health.status, await health.text()], [200, 'running, 2 of 2 ready\n'])
    for (const path of ['/metrics', '/status', '/healthz'])
      assert.doesNotMatch(await (await fetch(url + path)).text(), /drover_|balancers|ready/)
  })

  await t.test('status --watch --json prints a line each second, and Ctrl-C ends it cleanly', async () => {
    const watch = openTerminal(t, ['status', '--watch', '--json'], { cwd })
    await watch.shows('}\n{')
    watch.process.kill('SIGINT')
    assert.equal(await watch.ended, 0)
    assert.equal(watch.stderr(), '')
    const [first, second] = watch.stdout().trim().split('\n')
    assert.equal((JSON.parse(first ?? '') as FleetSnapshot).url, url)
    assert.match(second ?? '', /"requestsPerSecond":0/)
  })
})

test('instances of one fleet know its secret word, and no other fleet has the same', async (t) => {
  const cwd = await makeFolder()
  const print = join(cwd, 'print.mjs')
  const markerFile = join(cwd, 'marker')
  await writeFile(
    print,
    `import { createServer } from 'node:http'
import { appendFileSync } from 'node:fs'
appendFileSync(${JSON.stringify(markerFile)}, process.env.DROVER_MARKER + '\\n')
createServer((_, response) => response.end()).listen(process.env.PORT, '127.0.0.1')`,
  )
  for (const state of ['a', 'b']) {
    const env = { DROVER_MARKER: 'of an outer fleet' }
    const args = ['--state', state, '--port', '0', '--instances', '2', '--', process.execPath, print]
    await startFleet(t, args, { cwd, env })
  }
  const [a1, a2, b1, b2] = (await readFile(markerFile, 'utf8')).trim().split('\n')
  assert.match(a1 ?? '', /^[\w-]{32}$/)
  assert.equal(a2, a1)
  assert.match(b1 ?? '', /^[\w-]{32}$/)
  assert.equal(b2, b1)
  assert.notEqual(b1, a1)
})

test('drover up refuses an admin port that is taken, and leaves nothing behind', async (t) => {
  const server = createServer()
  const port = await listen(server)
  t.after(() => server.close())
  const cwd = await makeFolder()
  await mkdir(join(cwd, 'state'))
  const args = ['up', '--state', 'state', '--port', '0', '--admin', String(port)]
  const outcome = await run(t, [...args, '--', process.execPath, serverPath], { cwd })
  const line = `Cannot listen on 127.0.0.1:${port}: the port is taken\n`
  assert.deepEqual(outcome, { code: 1, stdout: '', stderr: line })
})
