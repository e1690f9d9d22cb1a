// The commands that change and look at a fleet. The fleet's side is a test's own; where signals or pipes matter, the command is a
// process of its own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test, type TestContext } from 'node:test'
import { DroverError } from '../../src/base/errors.ts'
import type { FleetCommands, LogRequest } from '../../src/control/commands.ts'
import type { DeployEvent, DeployRequest, HistoryEntry } from '../../src/control/deploying.ts'
import { call } from './called.ts'
import { ended, serveFleet } from './fake-fleet.ts'
import { makeFolder, openTerminal, type Outcome } from './terminal.ts'

const begun: DeployEvent = { kind: 'begun', version: 'v2', number: 2, replaces: 'v1', instances: 2 }
const step: DeployEvent = {
  kind: 'instance',
  id: '3',
  version: 'v2',
  step: 'ready',
  elapsedMs: 1_200,
  detail: null,
}
const failed = {
  ...ended,
  outcome: 'failed',
  running: 'v1',
  reason: 'instance 3 died',
  lines: ['Error: no database'],
} as const
const entry: HistoryEntry = {
  number: 1,
  version: 'v1',
  dir: '/srv',
  command: ['node', 'server.ts'],
  startedAtMs: 0,
  endedAtMs: 1_000,
  outcome: 'done',
  reason: null,
  isCurrent: true,
}

/** One command against a fleet that does what `over` says. */
async function callFleet(
  t: TestContext,
  over: Partial<FleetCommands>,
  args: readonly string[],
): Promise<Outcome> {
  const { stateDir } = await serveFleet(t, over)
  const [command = '', ...rest] = args
  return call([command, '--state', stateDir, ...rest], process.cwd())
}

function parseLines(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
}

describe('drover deploy', { concurrency: 2 }, () => {
  test('asks for what was typed, shows each step and ends with 0', async (t) => {
    const asked: DeployRequest[] = []
    const deploy: FleetCommands['deploy'] = (request, onEvent) => {
      asked.push(request)
      onEvent(begun)
      onEvent(step)
      return Promise.resolve(ended)
    }
    const typed = ['--dir', '/', '-e', 'A=1', '--label', 'v2', '--canary', '50%', '--', 'node', '--json']
    const { code, stdout, stderr } = await callFleet(t, { deploy }, ['deploy', ...typed])
    assert.deepEqual(asked, [
      {
        dir: '/',
        command: ['node', '--json'],
        env: { A: '1' },
        label: 'v2',
        canary: { share: 0.5, forMs: 30_000 },
      },
    ])
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(stdout.split('\n'), [
      'Deploying v2 (number 2) in place of v1 on 2 instances',
      '   1.2 s  instance 3   ready     v2',
      'Done in 4.2 s: v2 runs',
      '',
    ])
  })

  test('that fails shows why, the last lines of the instance and what runs, and ends with 1', async (t) => {
    const deploy: FleetCommands['deploy'] = (_, onEvent) => {
      onEvent(begun)
      return Promise.resolve(failed)
    }
    const { code, stdout, stderr } = await callFleet(t, { deploy }, ['deploy'])
    assert.equal(code, 1)
    assert.match(stdout, /\noutput \| Error: no database\n$/)
    assert.equal(stderr, 'Cannot deploy v2: instance 3 died; v1 runs\n')
  })

  test('--json prints each event as a line, the end included', async (t) => {
    const rollback: FleetCommands['rollback'] = (_, onEvent) => {
      onEvent(begun)
      return Promise.resolve(failed)
    }
    const { code, stdout } = await callFleet(t, { rollback }, ['rollback', '--json', '3'])
    assert.equal(code, 1)
    assert.deepEqual(parseLines(stdout), [begun, failed])
  })

  test('on Ctrl-C waits until the fleet has given the deploy up', async (t) => {
    const abort = Promise.withResolvers<void>()
    const { stateDir } = await serveFleet(t, {
      deploy: async (_, onEvent) => {
        onEvent(begun)
        await abort.promise
        return { ...failed, outcome: 'aborted', reason: null, lines: [] }
      },
      abortDeploy: () => {
        abort.resolve()
        return { version: 'v2' }
      },
    })
    const terminal = openTerminal(t, ['deploy', '--state', stateDir], { cwd: await makeFolder() })
    await terminal.shows('Deploying v2')
    terminal.process.kill('SIGINT')
    assert.equal(await terminal.ended, 1)
    assert.match(
      terminal.stderr(),
      /^Ctrl-C: the fleet is asked .*\nCannot deploy v2: it was given up; v1 runs\n$/,
    )
  })

  test('says so when the fleet dies in the middle', async (t) => {
    const fleet = await serveFleet(t, {
      deploy: (_, onEvent) => {
        onEvent(begun)
        return new Promise(() => undefined)
      },
    })
    const terminal = openTerminal(t, ['deploy', '--state', fleet.stateDir], { cwd: await makeFolder() })
    await terminal.shows('Deploying v2')
    await fleet.close()
    assert.equal(await terminal.ended, 1)
    assert.match(
      terminal.stderr(),
      /^Cannot say how the deploy of v2 ends: the fleet has died .* \(start one with .* up\)\n$/,
    )
  })

  test('that cannot begin is one line', async (t) => {
    const deploy = () => Promise.reject(new DroverError('DEPLOY_RUNNING', 'Cannot deploy: v3 is deployed'))
    const outcome = await callFleet(t, { deploy }, ['deploy'])
    assert.deepEqual(outcome, { code: 1, stdout: '', stderr: 'Cannot deploy: v3 is deployed\n' })
  })

  test('--abort says what was given up', async (t) => {
    const outcome = await callFleet(t, { abortDeploy: () => ({ version: 'v2' }) }, ['deploy', '--abort'])
    assert.deepEqual(outcome, { code: 0, stdout: 'Gave up v2: abc runs\n', stderr: '' })
  })
})

describe('drover', { concurrency: 2 }, () => {
  test('history, scale and drain print what the fleet answers', async (t) => {
    const over = { history: () => [entry], drain: (id: string) => Promise.resolve({ id }) }
    const history = await callFleet(t, over, ['history'])
    assert.match(history.stdout, /^NUMBER .*\n {5}1 {2}v1 {7}runs .* node server\.ts\n$/)
    const scale = await callFleet(t, over, ['scale', '5', '--json'])
    assert.deepEqual(JSON.parse(scale.stdout), { instances: 5, autoscale: null })
    const drain = await callFleet(t, over, ['drain', '2'])
    assert.equal(drain.stdout, 'Drained instance 2: another one took its place\n')
  })

  test('logs prints the lines it is asked for, and with -f ends with Ctrl-C', async (t) => {
    const asked: LogRequest[] = []
    const { stateDir } = await serveFleet(t, {
      logs: async (request, onEntry, signal) => {
        asked.push(request)
        await onEntry({ atMs: 0, id: '2', stream: 'stdout', text: 'hello' })
        await onEntry({ dropped: 7 })
        await once(signal, 'abort')
      },
    })
    const args = ['logs', '2', '-f', '-n', '5', '--state', stateDir]
    const terminal = openTerminal(t, args, { cwd: await makeFolder() })
    await terminal.shows('… 7 lines dropped here')
    terminal.process.kill('SIGINT')
    assert.equal(await terminal.ended, 0)
    assert.match(terminal.stdout(), /^ {5}2 \| hello\n/)
    assert.deepEqual(asked, [{ instance: '2', lines: 5, follow: true }])
  })

  test('logs gives a pager that takes its time all that was asked for, and ends with one that goes', async (t) => {
    const text = 'x'.repeat(1_000)
    const { stateDir } = await serveFleet(t, {
      logs: async (_, onEntry) => {
        for (let index = 0; index < 3_000; index += 1)
          await onEntry({ atMs: 0, id: '1', stream: 'stdout', text })
      },
    })
    const cwd = await makeFolder()
    const pager = openTerminal(t, ['logs', '--state', stateDir], { cwd })
    const stdout = pager.process.stdout
    assert.ok(stdout !== null)
    await once(stdout, 'readable')
    stdout.pause()
    // By the time a second command has run from start to end, the first would have given up waiting.
    const gone = openTerminal(t, ['logs', '--state', stateDir], { cwd })
    await gone.shows('x')
    gone.process.stdout?.destroy()
    assert.equal(await gone.ended, 0)
    stdout.resume()
    assert.equal(await pager.ended, 0)
    assert.equal(pager.stdout().split('\n').length, 3_001)
  })
})
