// Drives program.ts: a served site in a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ServeOptions } from '../../../src/instance/options.ts'
import { until } from '../../support/until.ts'

export interface ServedProcess {
  readonly port: number
  readonly signal: (signal: NodeJS.Signals) => void
  readonly say: (line: 'release' | 'close') => void
  /** What it printed so far. */
  readonly lines: readonly string[]
  readonly stderr: () => string
  readonly prints: (line: string) => Promise<unknown>
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
}

export type ProcessOptions = Omit<ServeOptions, 'ready' | 'onDrain' | 'onClose' | 'signal'>

const program = fileURLToPath(new URL('program.ts', import.meta.url))

/** Not waited for; ended with the test. */
export function startProgram(
  t: TestContext,
  kind: string,
  options: ProcessOptions = {},
  env: Readonly<Record<string, string>> = {},
): Omit<ServedProcess, 'port'> {
  const outer = { ...process.env, NODE_ENV: undefined, NODE_TEST_CONTEXT: undefined, PORT: undefined }
  const child = spawn(process.execPath, ['--conditions=source', program, kind, JSON.stringify(options)], {
    env: { ...outer, ...env },
    stdio: 'pipe',
  })
  const lines: string[] = []
  let stderr = ''
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
  child.stdin.on('error', () => undefined)
  const exited = once(child, 'close').then(() => child.signalCode ?? child.exitCode ?? 0)
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const prints = (line: string) =>
    until(`"${line}" of the served process`, () => {
      if (lines.some((one) => one.startsWith(line))) return true
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${stderr}`)
      return false
    })
  return {
    signal: (signal) => child.kill(signal),
    say: (line) => child.stdin.write(`${line}\n`),
    lines,
    stderr: () => stderr,
    prints,
    exited,
  }
}

/** Resolves once it is ready. */
export async function startProcess(...given: Parameters<typeof startProgram>): Promise<ServedProcess> {
  const [t, kind, options, env] = given
  const served = startProgram(t, kind, { host: '127.0.0.1', port: 0, ...options }, env)
  await served.prints('ready ')
  const url = served.lines.find((line) => line.startsWith('ready '))?.slice('ready '.length) ?? ''
  return { ...served, port: Number(new URL(url).port) }
}
