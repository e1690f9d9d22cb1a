// Each command explains itself, with an example that starts with words the caller can type.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, test } from 'node:test'
import { run } from './terminal.ts'

const cwd = tmpdir()

describe('drover explains itself', { concurrency: 2 }, () => {
  for (const command of ['up', 'status', 'kill', 'reload', 'metrics', 'stop']) {
    test(`${command} --help shows an example and the exit codes`, async (t) => {
      const { code, stdout, stderr } = await run(t, [command, '--help'], { cwd })
      assert.equal(code, 0)
      assert.equal(stderr, '')
      assert.match(stdout, new RegExp(`^Usage: drover ${command} `))
      assert.match(stdout, new RegExp(`Examples?:\\n  npm run -s drover -- ${command}`))
      assert.match(stdout, /Exit codes: 0 done, 1 failed, 2 wrong usage\n/)
      if (command !== 'up' && command !== 'metrics') assert.match(stdout, /--json/)
    })
  }

  test('--help names every command', async (t) => {
    const { code, stdout } = await run(t, ['--help'], { cwd })
    assert.equal(code, 0)
    for (const command of ['up', 'status', 'kill', 'reload', 'metrics', 'stop'])
      assert.match(stdout, new RegExp(`^  ${command} `, 'm'))
  })

  test('without a command it shows the same help as an error', async (t) => {
    const { code, stdout, stderr } = await run(t, [], { cwd })
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^Usage: drover /)
  })

  test('--version prints the version of the package', async (t) => {
    const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
    const { code, stdout } = await run(t, ['--version'], { cwd })
    assert.equal(code, 0)
    assert.ok(manifest.includes(`"version": "${stdout.trim()}"`), stdout)
  })
})

for (const command of [['status'], ['kill', '1'], ['reload'], ['metrics'], ['stop'], ['status', '--watch']]) {
  test(`drover ${command.join(' ')} says that nothing runs there, and what to do`, async (t) => {
    const outcome = await run(t, [...command, '--state', 'nowhere'], { cwd })
    assert.deepEqual(outcome, {
      code: 1,
      stdout: '',
      stderr:
        'Cannot reach a fleet in nowhere: nothing is running there (start one with npm run -s drover -- up)\n',
    })
  })
}
