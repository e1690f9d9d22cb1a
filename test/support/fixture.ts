// Drives a fixture: a tiny program of one behaviour that talks in lines.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

export interface Fixture {
  readonly pid: number
  /** What it printed so far. */
  readonly lines: readonly string[]
  readonly stderr: () => string
  /** Waits until it has printed `line`, at most `timeoutMs`. */
  readonly printed: (line: string, timeoutMs?: number) => Promise<unknown>
  readonly say: (line: string) => void
  readonly signal: (signal: NodeJS.Signals) => void
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  /** Ends it by force and waits for its end. */
  readonly stop: () => Promise<void>
}

export function startFixture(program: URL, args: readonly string[] = []): Fixture {
  const child = spawn(process.execPath, [fileURLToPath(program), ...args], { stdio: 'pipe' })
  const lines: string[] = []
  let stderr = ''
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  const exited = once(child, 'close').then(() => child.signalCode ?? child.exitCode ?? 0)
  const printed = (line: string, timeoutMs?: number) => {
    const isThere = () => {
      if (lines.includes(line)) return true
      if (child.exitCode !== null)
        throw new Error(`${program.pathname} ended with ${child.exitCode}: ${stderr}`)
      return false
    }
    return until(`line "${line}" of ${program.pathname}`, isThere, timeoutMs)
  }
  return {
    pid: child.pid ?? 0,
    lines,
    stderr: () => stderr,
    printed,
    say: (line) => child.stdin.write(`${line}\n`),
    signal: (signal) => child.kill(signal),
    exited,
    stop: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
