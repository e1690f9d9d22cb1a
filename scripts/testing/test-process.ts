// Runs test files in one process of their own and tells how it went. Whatever that process leaves behind is ended here
// and counts as a failure; nothing it does can hang the run.
import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findLeftovers, killLeftovers } from './leftovers.ts'
import type { Leftover } from './leftovers.ts'
import { filesWithoutTest, readCounts } from './report.ts'
import type { Counts } from './report.ts'

export interface TestRun {
  readonly name: string
  readonly output: string
  readonly counts: Counts
  readonly durationMs: number
  /** What is wrong beyond failing tests, one sentence each. */
  readonly complaints: readonly string[]
  readonly isGood: boolean
}

export interface TestProcessOptions {
  readonly name: string
  readonly files: readonly string[]
  readonly timeoutMs: number
  /** Servers that a test has just told to stop get this long to be gone. Default 10,000. */
  readonly leavingMs?: number
  readonly signal: AbortSignal
}

const markName = 'DROVER_TEST_MARK'
/** Tests start many processes and threads; without it each would strip and compile the same sources anew. */
const compileCache = resolve('node_modules', '.cache', 'drover-compile')

function environment(mark: string): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _nested, ...rest } = process.env
  return { NODE_COMPILE_CACHE: compileCache, ...rest, [markName]: mark }
}

function killGroup(groupId: number): void {
  try {
    process.kill(-groupId, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function waitUntilAllLeft(
  groupId: number,
  mark: string,
  leavingMs: number,
): Promise<readonly Leftover[]> {
  const deadline = Date.now() + leavingMs
  let leftovers = findLeftovers(groupId, mark)
  while (leftovers.length > 0 && Date.now() < deadline) {
    await delay(50)
    leftovers = findLeftovers(groupId, mark)
  }
  return leftovers
}

interface Ending {
  readonly code: number | null
  /** Why it had to be killed; undefined when it ended by itself. */
  readonly killedBecause: string | undefined
}

function complain(ending: Ending, output: string, counts: Counts, leftovers: readonly Leftover[]): string[] {
  const { code, killedBecause } = ending
  const complaints = killedBecause === undefined ? [] : [killedBecause]
  complaints.push(...leftovers.map(({ pid, command }) => `it left process ${pid} behind: ${command}`))
  complaints.push(...filesWithoutTest(output).map((path) => `${path} has no test`))
  if (counts.tests === 0) complaints.push('it ran no test')
  if (counts.skipped + counts.todo > 0) complaints.push('it skips tests: a test either runs or goes')
  if (code !== 0 && counts.fail + counts.cancelled === 0 && killedBecause === undefined) {
    complaints.push(`it ended with ${code ?? 'a signal'} and no failing test`)
  }
  return complaints
}

function startNode(files: readonly string[], mark: string, output: number): ChildProcess & { pid: number } {
  const args = ['--conditions=source', '--test', '--test-isolation=none', '--test-reporter=spec', ...files]
  const stdio: StdioOptions = ['ignore', output, output]
  const child = spawn(process.execPath, args, { stdio, env: environment(mark), detached: true })
  if (child.pid === undefined) throw new Error(`Cannot start ${process.execPath}`)
  return Object.assign(child, { pid: child.pid })
}

async function waitForEnd(
  child: ChildProcess & { pid: number },
  options: TestProcessOptions,
): Promise<Ending> {
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const either = AbortSignal.any([deadline, options.signal])
  const kill = () => {
    killGroup(child.pid)
  }
  either.addEventListener('abort', kill, { once: true })
  await once(child, 'exit')
  const code = child.exitCode
  either.removeEventListener('abort', kill)
  if (code !== null || !either.aborted) return { code, killedBecause: undefined }
  const late = `it was not done after ${options.timeoutMs / 1000} s and was killed`
  return { code, killedBecause: deadline.aborted ? late : 'the run was interrupted' }
}

/** Runs the files un-isolated in one Node process. Its output goes to a file: a pipe would stay open with a leftover. */
export async function runTestProcess(options: TestProcessOptions): Promise<TestRun> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-'))
  const outputPath = join(folder, 'output')
  const outputFile = openSync(outputPath, 'w')
  const mark = randomUUID()
  const startedAtMs = performance.now()
  const child = startNode(options.files, mark, outputFile)
  const ending = await waitForEnd(child, options)
  const durationMs = Math.round(performance.now() - startedAtMs)
  const leftovers = await waitUntilAllLeft(child.pid, `${markName}=${mark}`, options.leavingMs ?? 10_000)
  killLeftovers(leftovers)
  closeSync(outputFile)
  const output = readFileSync(outputPath, 'utf8')
  rmSync(folder, { recursive: true })
  const counts = readCounts(output)
  const complaints = complain(ending, output, counts, leftovers)
  const isGood = ending.code === 0 && complaints.length === 0
  return { name: options.name, output, counts, durationMs, complaints, isGood }
}
