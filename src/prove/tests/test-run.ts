// One run of the user's own tests.
import { spawn, type ChildProcess } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { forwardLines } from '../../supervisor/output-lines.ts'
import { signalOwnGroup } from '../../supervisor/process-group.ts'
import { LastLines } from '../../supervisor/last-lines.ts'

export interface TestRunOptions {
  /** Run by a shell. */
  readonly command: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The address of the app, which the tests find as BASE_URL. */
  readonly baseUrl: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface TestRun {
  readonly hasPassed: boolean
  /** Such as 'exited with code 1' or 'took longer than 60 s'. */
  readonly how: string
  /** Without colours and blank lines. */
  readonly lastLines: readonly string[]
}

/** What a process that left the group, and still holds the output open, may yet write. */
const outputGraceMs = 500

/** Never rejects; whatever the tests started in their process group has ended by then. */
export function runTests(options: TestRunOptions): Promise<TestRun> {
  const { command, cwd, baseUrl, timeoutMs, signal } = options
  const child = spawn('/bin/sh', ['-c', command], {
    cwd,
    env: { ...options.env, BASE_URL: baseUrl },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines = new LastLines()
  for (const stream of [child.stdout, child.stderr]) {
    forwardLines(stream, (line) => {
      const text = stripVTControlCharacters(line).trimEnd()
      if (text !== '') lines.add(text)
    })
  }
  return new Promise((resolve) => {
    let early: string | undefined
    const end = (why: string) => {
      early ??= why
      endGroup(child)
    }
    const timer = setTimeout(() => {
      end(`took longer than ${timeoutMs / 1_000} s`)
    }, timeoutMs)
    const interrupt = () => {
      end('were interrupted')
    }
    signal.addEventListener('abort', interrupt)
    if (signal.aborted) interrupt()
    const finish = (hasPassed: boolean, how: string) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', interrupt)
      resolve({ hasPassed, how, lastLines: lines.all })
    }
    child.once('error', (error) => {
      finish(false, `could not be run: ${error.message}`)
    })
    child.once('exit', (code, killedBy) => {
      endGroup(child)
      const how =
        early ?? (code === null ? `were killed by ${killedBy ?? 'a signal'}` : `exited with code ${code}`)
      afterOutput(child, () => {
        finish(code === 0 && early === undefined, how)
      })
    })
  })
}

function endGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) signalOwnGroup(pid, 'SIGKILL')
}

function afterOutput(child: ChildProcess, then: () => void): void {
  const grace = setTimeout(() => {
    child.stdout?.destroy()
    child.stderr?.destroy()
  }, outputGraceMs)
  child.once('close', () => {
    clearTimeout(grace)
    then()
  })
}
