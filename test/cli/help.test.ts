// Each command explains itself, with an example that starts with words the caller can type.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { call } from './called.ts'
import { run } from './terminal.ts'

const cwd = tmpdir()
const commands = [
  'up',
  'stop',
  'reload',
  'deploy',
  'rollback',
  'scale',
  'drain',
  'kill',
  'chaos',
  'status',
  'logs',
  'history',
  'metrics',
  'prove',
]

for (const command of commands) {
  test(`${command} --help shows an example and the exit codes`, async () => {
    const { code, stdout, stderr } = await call([command, '--help'], cwd)
    assert.equal(code, 0)
    assert.equal(stderr, '')
    assert.match(stdout, new RegExp(`^Usage: drover ${command} `))
    assert.match(stdout, new RegExp(`Examples?:\\n  npm run -s drover -- ${command}`))
    assert.match(stdout, /Exit codes: 0 (?:done|no divergence).*, 1 (?:failed|stateful), 2 .*wrong usage\n/)
    if (command !== 'up' && command !== 'metrics') assert.match(stdout, /--json/)
  })
}

test('up --help shows its many options in groups', async () => {
  const { stdout } = await call(['up', '--help'], cwd)
  for (const [heading, flag] of [
    ['Instances:', '-n, --instances'],
    ['What clients meet:', '-p, --port'],
    ['Times:', '--ready-timeout'],
    ['This fleet:', '--state'],
  ])
    assert.match(stdout, new RegExp(`\\n${heading}\\n(  .*\\n)*?  ${flag} `))
  assert.doesNotMatch(stdout, /^Options:/m)
})

test('--help names every command', async (t) => {
  const { code, stdout } = await run(t, ['--help'], { cwd })
  assert.equal(code, 0)
  for (const command of commands) assert.match(stdout, new RegExp(`^  ${command} `, 'm'))
})

test('without a command it shows the same help as an error', async (t) => {
  const { code, stdout, stderr } = await run(t, [], { cwd })
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^Usage: drover /)
})

test('--version prints the version of the package', async () => {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { code, stdout } = await call(['--version'], cwd)
  assert.equal(code, 0)
  assert.ok(manifest.includes(`"version": "${stdout.trim()}"`), stdout)
})

const calls: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--watch'],
  ['kill', '1'],
  ['drain', '1'],
  ['scale', '2'],
  ['deploy'],
  ['deploy', '--abort'],
  ['rollback'],
  ['history'],
  ['logs', '-f'],
  ['reload'],
  ['metrics'],
  ['stop'],
]

for (const args of calls) {
  test(`drover ${args.join(' ')} says that nothing runs there, and what to do`, async () => {
    assert.deepEqual(await call([...args, '--state', 'nowhere'], cwd), {
      code: 1,
      stdout: '',
      stderr:
        'Cannot reach a fleet in nowhere: nothing is running there (start one with npm run -s drover -- up)\n',
    })
  })
}
