// Runs npm run bench for a fraction of a second, in a temporary folder of its own.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runTimeoutMs = 120_000

export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

export interface BenchRuns {
  start(...words: readonly string[]): ChildProcess
  /** Runs it and gives the rows it wrote, and what it printed. */
  rows(...words: readonly string[]): Promise<{ readonly rows: readonly unknown[] } & Ended>
  /** The folders that runs have left behind. */
  leftovers(): Promise<readonly string[]>
}

/** TMPDIR is the test file's own, so that what a run leaves behind shows. */
export function benchRuns(): BenchRuns {
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-test-'))
  // PostgreSQL runs as another user when this one is root, and must get to its own folder in here.
  chmodSync(folder, 0o711)
  after(() => rm(folder, { recursive: true, force: true }))
  const start = (...words: readonly string[]) =>
    spawn(process.execPath, ['--conditions=source', 'bench/main.ts', ...words], {
      cwd: root,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runTimeoutMs,
    })
  return {
    start,
    rows: async (...words) => {
      const file = join(folder, `${words[0]}.json`)
      const run = await ended(start(...words, '--json', file))
      assert.equal(run.code, 0, run.errors)
      const rows: unknown = JSON.parse(await readFile(file, 'utf8'))
      assert.ok(Array.isArray(rows))
      return { ...run, rows }
    },
    leftovers: async () => (await readdir(folder)).filter((name) => !name.endsWith('.json')),
  }
}

export async function ended(child: ChildProcess): Promise<Ended> {
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  await once(child, 'close')
  return { code: child.exitCode, output, errors }
}

export interface MeasuredRow {
  readonly what: string
  readonly peerName: string
  readonly ours: number
  readonly peer: number
  readonly ratio: number
  readonly unit: string
}

/** Rows of figures, each of them one that says something. */
export function measured(rows: readonly unknown[]): readonly MeasuredRow[] {
  for (const row of rows) {
    assert.ok(typeof row === 'object' && row !== null)
    const { what, peerName, ours, peer, ratio, unit } = row as Record<string, unknown>
    for (const word of [what, peerName, unit])
      assert.ok(typeof word === 'string' && word !== '', JSON.stringify(row))
    for (const figure of [ours, peer, ratio]) {
      assert.ok(typeof figure === 'number' && Number.isFinite(figure) && figure > 0, JSON.stringify(row))
    }
    assert.ok(Math.abs(Number(ratio) / (Number(ours) / Number(peer)) - 1) < 0.01, JSON.stringify(row))
  }
  return rows as readonly MeasuredRow[]
}

export function peersOf(rows: readonly MeasuredRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ peerName }) => peerName))
}
