import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { findCommandProblem } from './command.ts'

const here = import.meta.dirname
const cases = [
  { name: 'a command on PATH', command: ['sh', '-c', 'exit'], expected: undefined },
  { name: 'an absolute path', command: ['/bin/sh'], expected: undefined },
  { name: 'a path relative to the folder', command: ['../../bin/sh'], cwd: '/usr/lib', expected: undefined },
  { name: 'nothing', command: [], expected: 'no command was given' },
  { name: 'an empty name', command: [''], expected: 'no command was given' },
  { name: 'an unknown command', command: ['nod'], expected: 'no such command "nod"' },
  { name: 'an unknown path', command: ['./nod'], expected: 'no such command "./nod"' },
  { name: 'a folder', command: ['/tmp'], expected: 'no such command "/tmp"' },
  { name: 'a plain file', command: ['./command.ts'], expected: '"./command.ts" is not executable' },
  { name: 'an unknown folder', command: ['sh'], cwd: '/no-such', expected: 'no such folder "/no-such"' },
  {
    name: 'a command that is not on this PATH',
    command: ['sh'],
    path: here,
    expected: 'no such command "sh"',
  },
  { name: 'the default PATH', command: ['sh'], path: undefined, expected: undefined },
]

for (const { name, command, cwd = here, expected, ...rest } of cases) {
  test(`findCommandProblem judges ${name}`, () => {
    const path = 'path' in rest ? rest.path : `/no-such:${dirname(process.execPath)}:/bin`
    assert.equal(findCommandProblem(command, cwd, { PATH: path }), expected)
  })
}
