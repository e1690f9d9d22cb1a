// One fleet through its life, told from the command line.
import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ControlClient } from '../../src/control/client.ts'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import { untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'
import { makeFolder, openTerminal, run, serverPath, startFleet, stubbornPath } from './terminal.ts'

const bugUrl = new URL('fixtures/bug.ts', import.meta.url).href
const server = ['--port', '0', '--', process.execPath, serverPath]

/** Asks over the socket, as `drover status --json` does, without a process for each look. */
function look(cwd: string, state = '.drover'): Promise<FleetSnapshot> {
  const stateDir = join(cwd, state)
  return new ControlClient({ stateDir, currentDir: process.cwd(), shownAs: state }).status()
}

async function readStatus(t: TestContext, cwd: string): Promise<FleetSnapshot> {
  const { code, stdout, stderr } = await run(t, ['status', '--json'], { cwd })
  assert.equal(code, 0, stderr)
  const snapshot: FleetSnapshot = JSON.parse(stdout)
  return snapshot
}

function pidsOf(snapshot: FleetSnapshot): number[] {
  const pids = [
    snapshot.pid,
    ...snapshot.balancers.map(({ pid }) => pid),
    ...snapshot.instances.map(({ pid }) => pid),
  ]
  return pids.filter((pid) => pid !== null)
}

test('drover up, status, kill and stop: the round trip', async (t) => {
  const cwd = await makeFolder()
  const { terminal, url } = await startFleet(
    t,
    ['--instances', '2', '--version', 'v1', ...server, 'a', '--json'],
    { cwd },
  )

  await t.test('the command is run untouched, and its output shows behind the id', async () => {
    // An instance is ready when its port is open, whether or not what it wrote has come through the pipe by then.
    await terminal.shows('     1 | listening on ')
    await until('the word on standard error', () => terminal.stderr().includes('     2 | a word on stderr\n'))
    assert.match(terminal.stdout(), /^ {5}1 \| listening on \d+ with a --json$/m)
    assert.match(terminal.stdout(), /^drover \| instance 2 ready on 127\.0\.0\.1:\d+ in \d+\.\d s$/m)
  })

  await t.test('status --json has every key', async () => {
    const answer = await fetch(url)
    await answer.text()
    await until('the answered request is counted', async () => {
      const { instances } = await look(cwd)
      return instances.some(({ requests }) => requests === 1)
    })
    const snapshot = await readStatus(t, cwd)
    assert.equal(snapshot.state, 'running')
    assert.equal(snapshot.url, url)
    assert.equal(snapshot.version, 'v1')
    assert.equal(snapshot.pid, terminal.pid)
    assert.deepEqual(Object.keys(snapshot), [
      'state',
      'pid',
      'url',
      'admin',
      'version',
      'scale',
      'deploy',
      'uptimeMs',
      'parked',
      'balancers',
      'instances',
    ])
    const [first] = snapshot.instances
    assert.deepEqual(Object.keys(first ?? {}), [
      'id',
      'pid',
      'port',
      'version',
      'state',
      'isSpare',
      'inFlight',
      'requests',
      'failures',
      'errors',
      'p99Ms',
      'ejected',
      'restarts',
      'uptimeMs',
    ])
  })

  await t.test('status prints a table', async () => {
    const { stdout } = await run(t, ['status'], { cwd })
    assert.match(stdout, /running · 2 of 2 ready · version v1 · up /)
    assert.match(
      stdout,
      /^ID {2}STATE +PID +PORT {2}VERSION {2}IN FLIGHT +P99 +REQUESTS {2}ERRORS {2}FAILURES {2}RESTARTS +UPTIME$/m,
    )
    assert.match(stdout, /^2 {3}ready +\d+ +\d+ {2}v1 /m)
  })

  await t.test('only the owner may open the control socket', async () => {
    const socket = await stat(join(cwd, '.drover', 'control.sock'))
    assert.ok(socket.isSocket())
    assert.equal(socket.mode & 0o777, 0o600)
    assert.equal((await stat(join(cwd, '.drover'))).mode & 0o777, 0o700)
  })

  await t.test('kill ends one, which comes back under its id', async () => {
    const before = await look(cwd)
    const { code, stdout } = await run(t, ['kill', '2', '--json'], { cwd })
    assert.equal(code, 0)
    const victim = before.instances[1]
    assert.deepEqual(JSON.parse(stdout), { id: '2', pid: victim?.pid })
    // At once or after a pause: that depends on how long it had been ready.
    await terminal.shows('instance 2 killed by SIGKILL, restarting ')
    const after = await until('instance 2 is back', async () => {
      const { instances } = await look(cwd)
      return instances[1]?.state === 'ready' && instances[1].restarts === 1 ? instances[1] : undefined
    })
    assert.notEqual(after.pid, victim?.pid)
  })

  await t.test('kill says what it did and what to look at', async () => {
    const { stdout } = await run(t, ['kill', '1'], { cwd })
    assert.match(stdout, /^Killed instance 1 \(process \d+\)\. http:\/\/127\.0\.0\.1:\d+ answers as before\n/)
    assert.match(stdout, /npm run -s drover -- status\n$/)
  })

  await t.test('kill of an instance that does not exist names those that do', async () => {
    const outcome = await run(t, ['kill', '9'], { cwd })
    const line = 'Cannot kill instance "9": the fleet has 1, 2\n'
    assert.deepEqual(outcome, { code: 1, stdout: '', stderr: line })
  })

  await t.test('a second up on the same state folder is refused and disturbs nobody', async () => {
    const { code, stdout, stderr } = await run(t, ['up', ...server], { cwd })
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /^Cannot start a fleet in ".+\.drover": process \d+ runs one there already\n$/)
    assert.equal((await fetch(url)).status, 200)
  })

  await t.test('an up on the same port is refused before anything starts', async () => {
    const port = new URL(url).port
    const args = ['up', '--state', 'other', '--port', port, '--', process.execPath, serverPath]
    const outcome = await run(t, args, { cwd })
    const line = `Cannot listen on 127.0.0.1:${port}: the port is taken\n`
    assert.deepEqual(outcome, { code: 1, stdout: '', stderr: line })
    // Neither a socket nor a history of what never ran.
    assert.deepEqual(await readdir(join(cwd, 'other')), ['groups.json'])
  })

  await t.test('stop waits until nothing is left', async () => {
    const pids = pidsOf(await look(cwd))
    assert.equal(pids.length, 4)
    const { code, stdout } = await run(t, ['stop', '--json'], { cwd })
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout), { stopped: true, pid: terminal.pid })
    assert.equal(await terminal.ended, 0)
    assert.match(terminal.stdout(), /^drover \| asked to stop: finishing what is in flight$/m)
    await untilGone(pids)
    await assert.rejects(stat(join(cwd, '.drover', 'control.sock')), { code: 'ENOENT' })
  })
})

test('drover up answers what it accepted before SIGTERM, exits 0 and leaves no process', async (t) => {
  const cwd = await makeFolder()
  const { terminal, url } = await startFleet(t, server, { cwd })
  const pids = pidsOf(await look(cwd))
  const slow = fetch(`${url}/slow?ms=700`)
  await until('the slow request is in flight', async () => {
    const { instances } = await look(cwd)
    return instances.some(({ inFlight }) => inFlight === 1)
  })
  terminal.process.kill('SIGTERM')
  assert.equal((await slow).status, 200)
  assert.equal(await terminal.ended, 0)
  await untilGone(pids)
  assert.match(terminal.stdout(), /SIGTERM: finishing what is in flight, then stopping\n/)
  assert.match(terminal.stdout(), /stopped: nothing is left running\n$/)
})

test('drover up ends everything at once on a second Ctrl-C that is no echo of the first', async (t) => {
  const cwd = await makeFolder()
  const args = ['--port', '0', '--stop-timeout', '1h', '--', process.execPath, stubbornPath]
  const { terminal } = await startFleet(t, args, { cwd })
  const pids = pidsOf(await look(cwd))
  terminal.process.kill('SIGINT')
  await terminal.shows('not now')
  await until('a second Ctrl-C is heard', () => {
    terminal.process.kill('SIGINT')
    return terminal.stdout().includes('SIGINT again')
  })
  assert.equal(await terminal.ended, 0)
  await untilGone(pids)
})

test('drover up ends every process when it fails itself, says why and exits 1', async (t) => {
  const cwd = await makeFolder()
  const env = { NODE_OPTIONS: `--import=${bugUrl}` }
  const { terminal } = await startFleet(t, ['--port', '0', '--', process.execPath, stubbornPath], {
    cwd,
    env,
  })
  const pids = pidsOf(await look(cwd))
  terminal.process.kill('SIGUSR2')
  assert.equal(await terminal.ended, 1)
  assert.match(terminal.stderr(), /^nobody expected this\n/)
  await untilGone(pids)
})

test('drover up goes on when nobody reads its output any more, and still stops gracefully', async (t) => {
  const cwd = await makeFolder()
  const { terminal, url } = await startFleet(t, server, { cwd })
  const pids = pidsOf(await look(cwd))
  terminal.process.stdout?.destroy()
  terminal.process.stderr?.destroy()
  const { stdout } = await run(t, ['kill', '1'], { cwd })
  assert.match(stdout, /^Killed instance 1 /)
  await until('the fleet told the closed pipe about it and is whole again', async () => {
    const { instances } = await look(cwd)
    return instances[0]?.restarts === 1 && instances.every(({ state }) => state === 'ready')
  })
  assert.equal((await fetch(url)).status, 200)
  terminal.process.kill('SIGHUP')
  assert.equal(await terminal.ended, 0)
  await untilGone(pids)
})

test('drover up lets flags win over the config file and the file over defaults', async (t) => {
  const cwd = await makeFolder()
  const config = {
    command: [process.execPath, serverPath],
    instances: 2,
    port: 0,
    version: 'file',
    reveal: true,
    state: 'run',
    env: { WORD: 'file' },
  }
  await writeFile(join(cwd, 'drover.config.ts'), `export default ${JSON.stringify(config)}`)
  const flags = ['--instances', '1', '--env', 'WORD=flag']
  const { terminal, url } = await startFleet(t, flags, { cwd })
  const response = await fetch(url)
  assert.equal(response.headers.get('x-drover-instance'), '1')
  const answer: { word?: string; cwd?: string } = JSON.parse(await response.text())
  assert.equal(answer.word, 'flag')
  // Found through the file's state folder, without a flag.
  const snapshot = await readStatus(t, cwd)
  assert.equal(snapshot.instances.length, 1)
  assert.equal(snapshot.version, 'file')
  assert.match(terminal.stdout(), /npm run -s drover -- kill 1 {3}nobody notices/)
})

test('drover up names the state folder in its hints where a plain command would not find it', async (t) => {
  const cwd = await makeFolder()
  const { terminal } = await startFleet(t, ['--state', 'elsewhere', '--instances', '1', ...server], { cwd })
  assert.match(terminal.stdout(), /npm run -s drover -- status --state elsewhere\n/)
})

test('drover up is plain when piped and coloured when asked', async (t) => {
  const cwd = await makeFolder()
  const args = ['--instances', '1', ...server]
  const plain = await startFleet(t, ['--state', 'plain', ...args], { cwd })
  assert.ok(!plain.terminal.stdout().includes('\u001b['))
  const colour = await startFleet(t, ['--state', 'colour', ...args], { cwd, env: { FORCE_COLOR: '1' } })
  await colour.terminal.shows('\u001b[36m     1 |\u001b[39m listening')
})

test('drover up starts again where a primary was killed, and replaces its socket', async (t) => {
  const cwd = await makeFolder()
  const first = await startFleet(t, server, { cwd })
  const pids = pidsOf(await look(cwd))
  first.terminal.process.kill('SIGKILL')
  await first.terminal.ended
  assert.ok((await stat(join(cwd, '.drover', 'control.sock'))).isSocket())
  const { code, stderr } = await run(t, ['status'], { cwd })
  assert.equal(code, 1)
  assert.match(stderr, /^Cannot reach a fleet in \.drover: nothing is running there/)
  const port = new URL(first.url).port
  const again = openTerminal(t, ['up', '--port', port, '--', process.execPath, serverPath], { cwd })
  await again.shows(`3 instances answer as one on ${first.url}`)
  await untilGone(pids)
  assert.equal((await look(cwd)).pid, again.pid)
})
