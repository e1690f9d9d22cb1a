// `drover status` on a real terminal, kept by script(1), against a fleet that is a test's own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { call } from './called.ts'
import { serveFleet } from './fake-fleet.ts'
import { mainPath } from './terminal.ts'
import { until } from '../support/until.ts'

/** `drover` with `args` on a terminal of its own. */
function openWindow(t: TestContext, args: readonly string[]) {
  const command = [process.execPath, '--conditions=source', mainPath, ...args]
  const scriptArgs =
    process.platform === 'linux'
      ? ['-q', '-e', '-c', command.join(' '), '/dev/null']
      : ['-q', '/dev/null', ...command]
  const window = spawn('script', scriptArgs, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => window.kill('SIGKILL'))
  let shown = ''
  window.stdout.on('data', (chunk: Buffer) => (shown += String(chunk)))
  return { window, shown: () => shown }
}

for (const [name, key] of [
  ['q', 'q'],
  ['Ctrl-C', '\u0003'],
] as const) {
  test(`drover status is live on a terminal until ${name}, and then gives it back`, async (t) => {
    const { stateDir } = await serveFleet(t)
    const { window, shown } = openWindow(t, ['status', '--state', stateDir])
    const exit = once(window, 'exit')
    await until('the second look', () => shown().split('1 of 2 ready').length > 2)
    assert.match(shown(), /REQ\/S[^]*q or Ctrl-C ends/)
    window.stdin.write(key)
    assert.deepEqual(await exit, [0, null])
    assert.ok(shown().includes('\u001b[?25h'))
  })
}

test('drover status --once prints plain text once on a terminal too', async (t) => {
  const { stateDir } = await serveFleet(t)
  const { window, shown } = openWindow(t, ['status', '--once', '--state', stateDir])
  const [code] = await once(window, 'exit')
  assert.equal(code, 0)
  assert.doesNotMatch(shown(), /REQ\/S|Ctrl-C/)
  assert.match(shown(), /1 of 2 ready/)
})

test('drover status is plain text once where nobody looks', async (t) => {
  const { stateDir } = await serveFleet(t)
  const { code, stdout } = await call(['status', '--state', stateDir], process.cwd())
  assert.equal(code, 0)
  assert.match(stdout, /^http:\S+ {2}running · 1 of 2 ready · version abc · up 1 m 1 s\n\nID {2}STATE /)
})
