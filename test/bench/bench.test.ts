// Each suite of npm run bench, for a fraction of a second: the figures are real, however little they say.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runTimeoutMs = 60_000

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-bench-test-'))
})

after(() => rm(folder, { recursive: true, force: true }))

/** TMPDIR is the test's own, so that what a run leaves behind shows. */
function start(...words: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=source', 'bench/main.ts', ...words], {
    cwd: root,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: runTimeoutMs,
  })
}

async function ended(child: ChildProcess): Promise<Ended> {
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  await once(child, 'close')
  return { code: child.exitCode, output, errors }
}

async function smoke(suite: string): Promise<{ readonly rows: unknown[]; readonly output: string }> {
  const file = join(folder, `${suite}.json`)
  const { code, output, errors } = await ended(
    start(suite, '--seconds', '0.3', '--rounds', '1', '--json', file),
  )
  assert.equal(code, 0, errors)
  assert.match(errors, new RegExp(`^${suite}: round 1 of 1$`, 'm'))
  const rows: unknown = JSON.parse(await readFile(file, 'utf8'))
  assert.ok(Array.isArray(rows))
  for (const row of rows) assertRow(row)
  return { rows, output }
}

function assertRow(row: unknown): void {
  assert.ok(typeof row === 'object' && row !== null)
  const { what, peerName, ours, peer, ratio, unit } = row as Record<string, unknown>
  for (const word of [what, peerName, unit])
    assert.ok(typeof word === 'string' && word !== '', JSON.stringify(row))
  for (const figure of [ours, peer, ratio]) {
    assert.ok(typeof figure === 'number' && Number.isFinite(figure) && figure > 0, JSON.stringify(row))
  }
  assert.ok(Math.abs(Number(ratio) / (Number(ours) / Number(peer)) - 1) < 0.01, JSON.stringify(row))
}

function peersOf(rows: readonly unknown[]): Set<unknown> {
  return new Set(rows.map((row) => (row as { peerName: unknown }).peerName))
}

describe('npm run bench', () => {
  test('balancer: compares every load with every proxy and prints the table', async () => {
    const { rows, output } = await smoke('balancer')
    assert.deepEqual(peersOf(rows), new Set(['nginx', 'http-proxy-3', '@fastify/http-proxy']))
    assert.equal(rows.length, 3 * 3 * 2 + 3)
    assert.match(output, /balancer: GET 300 B +nginx .*µs CPU\/request +below 1/)
  })

  test('sessions: compares reads and writes on both stores with both peers', async () => {
    const { rows, output } = await smoke('sessions')
    assert.deepEqual(peersOf(rows), new Set(['express-session', '@fastify/session']))
    assert.equal(rows.length, 2 * 2 * (3 + 2))
    assert.match(output, /sessions: write, Drover on Redis: .*requests\/s +above 1/)
  })

  test('SIGTERM in the middle of a run stops every program and removes every folder', async () => {
    const child = start('balancer', '--seconds', '60')
    const end = ended(child)
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (chunk: string) => {
        if (chunk.includes('warming up')) resolve()
      })
      child.once('exit', () => {
        resolve()
      })
    })
    child.kill('SIGTERM')
    // `close` comes only when nobody holds the pipes any more.
    const { code, errors } = await end
    assert.equal(code, 143, errors)
    const left = (await readdir(folder)).filter((name) => name.startsWith('drover-bench-'))
    assert.deepEqual(left, [])
  })

  for (const [words, wanted] of [
    [['balancers'], /^Cannot run suite "balancers": wanted balancer or sessions\n$/],
    [['--rounds', '0'], /^Cannot use --rounds "0": wanted a whole number, 1 to 100\n$/],
    [['--seconds', 'long'], /^Cannot use --seconds "long": wanted 0\.1 to 60\n$/],
    [['--speed'], /^[^\n]*--speed[^\n]*\n$/],
  ] as const) {
    test(`${words.join(' ')} is refused in one line, with code 2`, async () => {
      const { code, errors } = await ended(start(...words))
      assert.match(errors, wanted)
      assert.equal(code, 2)
    })
  }

  test('--help tells the suites and options', async () => {
    const { code, output } = await ended(start('--help'))
    assert.equal(code, 0)
    assert.match(output, /--json FILE/)
    assert.match(output, /^ {2}sessions /m)
  })
})
