// Who becomes process 1's shell, and as what.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { initCommand, initScript, restoreEnvironment } from './init.ts'
import type { StartedProcess } from './init.ts'

const started: StartedProcess = {
  pid: 1,
  execPath: '/usr/bin/node',
  execArgv: ['--conditions=source'],
  argv: ['/usr/bin/node', '/app/drover.js', 'up', '--', 'node', 'server.ts'],
  env: { PATH: '/usr/bin', none: undefined },
}

test('initCommand: drover up as process 1 runs itself under the shell, with its own options and arguments', () => {
  assert.deepEqual(initCommand(started), {
    file: '/bin/sh',
    args: [
      'sh',
      '-c',
      initScript,
      'drover',
      '/usr/bin/node',
      '--conditions=source',
      '/app/drover.js',
      'up',
      '--',
      'node',
      'server.ts',
    ],
    env: { PATH: '/usr/bin' },
  })
})

test('initCommand: any other process or command stays what it is, and so does one that was handed sockets', () => {
  assert.equal(initCommand({ ...started, pid: 7 }), undefined)
  assert.equal(initCommand({ ...started, argv: ['node', 'drover.js', 'status'] }), undefined)
  assert.equal(initCommand({ ...started, argv: ['node', 'drover.js'] }), undefined)
  assert.equal(initCommand({ ...started, env: { LISTEN_FDS: '1', LISTEN_PID: '1' } }), undefined)
})

test('restoreEnvironment: variables that shells drop come through', () => {
  const env = { PATH: '/usr/bin', 'a.b': 'ä "c"\n', '1st': '' }
  const passed: Record<string, string | undefined> = { ...initCommand({ ...started, env })?.env }
  for (const name of ['a.b', '1st']) Reflect.deleteProperty(passed, name)
  restoreEnvironment(passed)
  assert.deepEqual(passed, env)
  restoreEnvironment(passed)
  assert.deepEqual(passed, env)
})
