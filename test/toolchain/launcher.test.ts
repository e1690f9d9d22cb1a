// The launcher runs npm's scripts on Node >= 24 whatever Node npm found, and nobody can tell it from that Node: same
// arguments, exit code and signals. The drover bin on an old Node says what it wants.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../support/until.ts'
import { findOldNode } from './old-node.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const launcher = join(root, 'scripts/launch.js')
const old = await findOldNode()
after(() => old.remove())

interface Started {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
}

function start(node: string, args: readonly string[]): Started {
  const { DROVER_OUTER_NODE: _outer, ...env } = process.env
  const child = spawn(node, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
  return { child, stdout: () => stdout, stderr: () => stderr }
}

async function finish(
  node: string,
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { child, stdout, stderr } = start(node, args)
  await once(child, 'close')
  return { code: child.exitCode, stdout: stdout(), stderr: stderr() }
}

test('there is an old Node to try with', () => {
  assert.ok(Number(old.version.split('.')[0]) < 24, old.version)
})

for (const [name, node] of [
  [`Node ${old.version}`, old.path],
  [`Node ${process.versions.node}`, process.execPath],
] as const) {
  test(`launcher on ${name}: runs Node 24 or newer, with all arguments as they came`, async () => {
    const program =
      'console.log(JSON.stringify([process.versions.node, process.argv.slice(1), process.execArgv[0]]))'
    const given = ['a b', '', '--c', '*']
    const { stdout } = await finish(node, [
      launcher,
      '--conditions=source',
      '--eval',
      program,
      '--',
      ...given,
    ])
    const [version, args, option] = JSON.parse(stdout) as [string, string[], string]
    assert.ok(Number(version.split('.')[0]) >= 24, version)
    assert.deepEqual(args, given)
    assert.equal(option, '--conditions=source')
  })

  test(`launcher on ${name}: node in its PATH is that same Node, and DROVER_OUTER_NODE the one it was started on`, async () => {
    const program = `console.log(require('child_process').execSync('node -p process.execPath', { encoding: 'utf8' }).trim());
      console.log(process.execPath); console.log(process.env.DROVER_OUTER_NODE)`
    const { stdout } = await finish(node, [launcher, '--eval', program])
    const [found, own, outer] = stdout.split('\n')
    assert.equal(found, own)
    assert.equal(outer, node)
  })

  test(`launcher on ${name}: ends with the exit code of the program`, async () => {
    assert.equal((await finish(node, [launcher, '--eval', 'process.exit(7)'])).code, 7)
    assert.equal((await finish(node, [launcher, '--eval', ''])).code, 0)
  })

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    test(`launcher on ${name}: passes ${signal} on, and the program decides how to end`, async () => {
      const program = `process.on('${signal}', () => { console.log('asked'); process.exit(3) });
        setInterval(() => {}, 1000); console.log('up')`
      const { child, stdout } = start(node, [launcher, '--eval', program])
      await until('the program is up', () => stdout().includes('up'))
      child.kill(signal)
      await once(child, 'close')
      assert.deepEqual([child.exitCode, stdout()], [3, 'up\nasked\n'])
    })
  }

  test(`launcher on ${name}: a program that SIGTERM kills leaves 143, or that signal itself`, async () => {
    const { child, stdout } = start(node, [
      launcher,
      '--eval',
      "setInterval(() => {}, 1000); console.log('up')",
    ])
    await until('the program is up', () => stdout().includes('up'))
    child.kill('SIGTERM')
    await once(child, 'close')
    assert.ok(
      child.exitCode === 143 || child.signalCode === 'SIGTERM',
      `${child.exitCode} ${child.signalCode}`,
    )
  })
}

test('launcher without a pinned Node: an old Node says what is wanted and how to get it, and exits 1', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-launcher-'))
  try {
    mkdirSync(join(folder, 'scripts'))
    copyFileSync(launcher, join(folder, 'scripts/launch.js'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const { code, stdout, stderr } = await finish(old.path, [join(folder, 'scripts/launch.js'), '--version'])
    assert.deepEqual([code, stdout], [1, ''])
    assert.ok(stderr.includes(`needs Node 24 or newer; this is ${old.version}`), stderr)
    assert.match(stderr, /Run npm ci, or install Node 24\.\n$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('bin/drover.js on an old Node says which version it wants, and exits 1', async () => {
  const { code, stdout, stderr } = await finish(old.path, [join(root, 'bin/drover.js'), 'up'])
  assert.deepEqual([code, stdout], [1, ''])
  assert.equal(stderr, `drover needs Node 24 or newer; this is Node ${old.version}\n`)
})
