// npm test: sets up the real parts, runs the pure tests in one process, then every file of test/ in its own.
//   npm test                    everything
//   npm test -- test/cli retry  only files whose path contains one of the words
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { testParts } from './parts/catalog.ts'
import { ensureParts } from './parts/ensure.ts'
import { addCounts, formatCounts, withoutClosingLines } from './testing/report.ts'
import { runTestProcess } from './testing/test-process.ts'
import type { TestRun } from './testing/test-process.ts'

const pureTimeoutMs = 60_000
const fileTimeoutMs = 120_000
/** The machine in shares, of which each file takes some while it runs: for two files that measure even on one core. */
const shares = 3 * Math.min(4, Math.max(2, availableParallelism()))
/** What measures wants a core, or starves; process tests mostly wait, and so do pains: three of them go where two of those do. */
const sharesOf = (file: string) =>
  file.startsWith('test/bench/') && file !== 'test/bench/pains.test.ts' ? 3 : 2
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

/** Starts the files in order, each as soon as there are shares enough for it. */
async function runFiles(files: readonly string[], signal: AbortSignal): Promise<TestRun[]> {
  const runs: TestRun[] = []
  const running = new Map<string, Promise<void>>()
  let free = shares
  const runOne = async (file: string) => {
    const run = await runTestProcess({ name: file, files: [file], timeoutMs: fileTimeoutMs, signal })
    print(run)
    runs.push(run)
    free += sharesOf(file)
    running.delete(file)
  }
  for (const file of files) {
    while (free < sharesOf(file)) await Promise.race(running.values())
    if (signal.aborted) break
    free -= sharesOf(file)
    running.set(file, runOne(file))
  }
  await Promise.all(running.values())
  return runs
}

async function runIsolated(files: readonly string[], signal: AbortSignal): Promise<TestRun[]> {
  const together = files.filter((file) => !alone.has(file))
  const runs: TestRun[] = []
  for (const file of files.filter((one) => alone.has(one))) runs.push(...(await runFiles([file], signal)))
  return [...runs, ...(await runFiles(together, signal))]
}

async function runPure(files: readonly string[], signal: AbortSignal): Promise<TestRun[]> {
  if (files.length === 0) return []
  const name = files.length === 1 ? String(files[0]) : `${files.length} pure test files`
  const run = await runTestProcess({ name, files, timeoutMs: pureTimeoutMs, signal })
  print(run)
  return [run]
}

function summarize(runs: readonly TestRun[], startedAtMs: number): void {
  const durationMs = Math.round(performance.now() - startedAtMs)
  const bad = runs.filter((run) => !run.isGood)
  const slowest = runs.toSorted((left, right) => right.durationMs - left.durationMs).slice(0, 3)
  const slow = slowest.map((run) => `${run.name} ${(run.durationMs / 1000).toFixed(1)} s`)
  console.log(`\nSlowest: ${slow.join(', ')}`)
  if (bad.length > 0) console.log(`Failed: ${bad.map((run) => run.name).join(', ')}`)
  for (const run of bad) for (const complaint of run.complaints) console.log(`✖ ${run.name}: ${complaint}`)
  console.log(formatCounts(addCounts(runs), durationMs))
}

async function main(words: readonly string[]): Promise<number> {
  const startedAtMs = performance.now()
  const pure = chosen('src/**/*.test.ts', words)
  const isolated = longestFirst(chosen('test/**/*.test.ts', words))
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
  const runs = [
    ...(await runPure(pure, interruption.signal)),
    ...(await runIsolated(isolated, interruption.signal)),
  ]
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
