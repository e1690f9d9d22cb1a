// npm test: sets up the real parts, runs the pure tests in one process, and every file of test/ in its own.
//   npm test                    everything
//   npm test -- test/cli retry  only files whose path contains one of the words
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { testParts } from './parts/catalog.ts'
import { ensureParts } from './parts/ensure.ts'
import { addCounts, failuresIn, formatCounts, withoutClosingLines } from './testing/report.ts'
import { runTestProcess } from './testing/test-process.ts'
import type { TestRun } from './testing/test-process.ts'

const timeoutMs = 120_000
/** A core has so many shares. */
const core = 3
/** The machine in shares, of which each file takes some while it runs: for two files that measure even on one core. */
const shares = core * Math.min(4, Math.max(2, availableParallelism()))
/** What measures wants a core, or starves; process tests mostly wait, and so do pains: three of them go where two of those do. */
const sharesOf = (file: string) =>
  file.startsWith('test/bench/') && file !== 'test/bench/pains.test.ts' ? core : 2
/** A load test drives both the fleet and its users: with others beside it, it would measure them. */
const alone: ReadonlySet<string> = new Set(['test/fleet/kill.test.ts'])
/** Areas that take longest start first, in this order, so that nobody waits for them at the end. */
const longAreas = [
  'test/fleet/',
  'test/bench/',
  'test/stores/',
  'test/browser/',
  'test/pack/',
  'test/cli/',
  'test/shop/',
]

function chosen(pattern: string, words: readonly string[]): string[] {
  const files = globSync(pattern).toSorted()
  return words.length === 0 ? files : files.filter((file) => words.some((word) => file.includes(word)))
}

function longestFirst(files: readonly string[]): string[] {
  const rank = (file: string) => {
    const area = longAreas.findIndex((one) => file.startsWith(one))
    return area < 0 ? longAreas.length : area
  }
  return files.toSorted((left, right) => rank(left) - rank(right))
}

function print(run: TestRun): void {
  const verdict = run.isGood ? 'passed' : 'FAILED'
  const seconds = (run.durationMs / 1000).toFixed(1)
  console.log(`\n── ${run.name}: ${verdict}, ${run.counts.pass} of ${run.counts.tests} tests, ${seconds} s`)
  console.log(withoutClosingLines(run.output))
  for (const complaint of run.complaints) console.log(`✖ ${run.name}: ${complaint}`)
}

/** What one process runs. */
interface Batch {
  readonly name: string
  readonly files: readonly string[]
  /** What it takes of the machine. */
  readonly shares: number
}

/** The pure tests are one batch; every other file is one of its own. */
function batches(pure: readonly string[], isolated: readonly string[]): readonly Batch[] {
  const name = pure.length === 1 ? String(pure[0]) : `${pure.length} pure test files`
  const own = longestFirst(isolated).map((file) => ({ name: file, files: [file], shares: sharesOf(file) }))
  return pure.length === 0 ? own : [{ name, files: pure, shares: core }, ...own]
}

/** Starts them in order, each as soon as there are shares enough for it. */
async function runBatches(ordered: readonly Batch[], signal: AbortSignal): Promise<TestRun[]> {
  const runs: TestRun[] = []
  const running = new Map<string, Promise<void>>()
  let free = shares
  const runOne = async ({ name, files, shares: taken }: Batch) => {
    const run = await runTestProcess({ name, files, timeoutMs, signal })
    print(run)
    runs.push(run)
    free += taken
    running.delete(name)
  }
  for (const batch of ordered) {
    while (free < batch.shares) await Promise.race(running.values())
    if (signal.aborted) break
    free -= batch.shares
    running.set(batch.name, runOne(batch))
  }
  await Promise.all(running.values())
  return runs
}

async function runAll(ordered: readonly Batch[], signal: AbortSignal): Promise<TestRun[]> {
  const runs: TestRun[] = []
  for (const batch of ordered.filter(({ name }) => alone.has(name)))
    runs.push(...(await runBatches([batch], signal)))
  const together = ordered.filter(({ name }) => !alone.has(name))
  return [...runs, ...(await runBatches(together, signal))]
}

function summarize(runs: readonly TestRun[], startedAtMs: number): void {
  const durationMs = Math.round(performance.now() - startedAtMs)
  const bad = runs.filter((run) => !run.isGood)
  const slowest = runs.toSorted((left, right) => right.durationMs - left.durationMs).slice(0, 3)
  const slow = slowest.map((run) => `${run.name} ${(run.durationMs / 1000).toFixed(1)} s`)
  console.log(`\nSlowest: ${slow.join(', ')}`)
  if (bad.length > 0) console.log(`Failed: ${bad.map((run) => run.name).join(', ')}`)
  // Once more, where whoever reads the end of a long log finds it.
  for (const run of bad) {
    for (const complaint of run.complaints) console.log(`✖ ${run.name}: ${complaint}`)
    const failures = failuresIn(run.output)
    if (failures !== '') console.log(failures)
  }
  console.log(formatCounts(addCounts(runs), durationMs))
}

async function main(words: readonly string[]): Promise<number> {
  const startedAtMs = performance.now()
  const pure = chosen('src/**/*.test.ts', words)
  const isolated = chosen('test/**/*.test.ts', words)
  if (pure.length + isolated.length === 0) {
    console.error(
      `Cannot find a test file whose path contains ${words.map((word) => `"${word}"`).join(' or ')}`,
    )
    return 1
  }
  if (isolated.length > 0) await ensureParts(testParts)
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interruption.abort()
    })
  }
  const runs = await runAll(batches(pure, isolated), interruption.signal)
  summarize(runs, startedAtMs)
  if (interruption.signal.aborted) return 130
  return runs.every((run) => run.isGood) ? 0 : 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
