// Nobody reads the output of `drover up` for a while: Ctrl-S on a terminal, an idle `| less`. The fleet must not notice.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ControlClient } from '../../src/control/client.ts'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import { runningOf, untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'
import { mainPath, makeFolder, startFleet } from './terminal.ts'

const chattyPath = fileURLToPath(new URL('fixtures/chatty.ts', import.meta.url))
const up = ['--port', '0', '--instances', '2', '--', process.execPath, chattyPath]
/** A few times of what may wait in Drover and in the pipes around it. */
const floodLines = 40_000

function look(cwd: string): Promise<FleetSnapshot> {
  const stateDir = join(cwd, '.drover')
  return new ControlClient({ stateDir, currentDir: process.cwd(), shownAs: stateDir }).status()
}

/** Has an instance print far more than anybody takes, and sees that a killed one still comes back. */
async function floodAndKill(cwd: string): Promise<FleetSnapshot> {
  const before = await look(cwd)
  // A supervisor that stood still would not take the output, and so there would be no answer.
  const signal = AbortSignal.timeout(20_000)
  assert.equal((await fetch(`${before.url}/print?lines=${floodLines}`, { signal })).status, 200)
  const victim = before.instances[0]?.pid
  assert.ok(victim != null)
  process.kill(victim, 'SIGKILL')
  return until('the killed instance is back', async () => {
    const snapshot = await look(cwd)
    const isBack = snapshot.instances[0]?.restarts === 1
    return isBack && snapshot.instances.every(({ state }) => state === 'ready') && snapshot
  })
}

test('drover up restarts an instance while the pipe of its output is stuffed, and says later what it dropped', async (t) => {
  const cwd = await makeFolder()
  const { terminal } = await startFleet(t, up, { cwd })
  terminal.process.stdout?.pause()
  await floodAndKill(cwd)
  assert.doesNotMatch(terminal.stdout(), /killed by SIGKILL/)
  terminal.process.stdout?.resume()
  await terminal.shows('lines dropped here: nobody was reading')
  terminal.process.kill('SIGTERM')
  assert.equal(await terminal.ended, 0)
  assert.match(terminal.stdout(), /stopped: nothing is left running\n$/)
})

test('drover up restarts an instance while its terminal is stuffed, and stops without waiting for a reader', async (t) => {
  const cwd = await makeFolder()
  const window = openWindow(t, cwd)
  await once(window, 'spawn')
  const { pid } = await until('all instances are ready', async () => {
    if (window.exitCode !== null) throw new Error(`Cannot go on: script(1) ended with ${window.exitCode}`)
    const snapshot = await look(cwd).catch(() => undefined)
    return snapshot?.state === 'running' && snapshot
  })
  // One that waits for its terminal hears no other signal; its guardian ends the rest.
  t.after(async () => {
    for (const left of await runningOf([pid])) process.kill(left, 'SIGKILL')
  })
  const { instances } = await floodAndKill(cwd)
  process.kill(pid, 'SIGTERM')
  await untilGone([pid, ...instances.flatMap((instance) => instance.pid ?? [])])
})

/** `drover up` on a real terminal, kept by script(1), whose own output nobody reads. */
function openWindow(t: TestContext, cwd: string): ChildProcess {
  const command = [process.execPath, '--conditions=source', mainPath, 'up', ...up]
  const args =
    process.platform === 'linux'
      ? ['-q', '-c', command.join(' '), '/dev/null']
      : ['-q', '/dev/null', ...command]
  const window = spawn('script', args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(async () => {
    window.kill('SIGKILL')
    if (window.signalCode === null && window.exitCode === null) await once(window, 'exit')
    window.stdout?.destroy()
  })
  return window
}
