// One server of an example, started as its own process on a free port, as its README says.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { root } from '../support/fleet.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export interface ExampleServer {
  readonly url: string
  readonly port: number
  /** What it has printed so far. */
  output(): string
  /** Ends it with SIGTERM; the exit code, or the signal that ended it. Idempotent. */
  stop(): Promise<number | string>
}

export interface ExampleOptions {
  /** Path from the root, and its arguments. */
  readonly command: readonly [program: string, ...args: string[]]
  readonly env?: Readonly<Record<string, string>>
}

/** Others share the processors. */
const startTimeoutMs = 50_000
/** It is told to leave, and made to if it does not: a test must not wait for ever. */
const stopTimeoutMs = 5_000

/** Resolves once the server answers a request; it is ended with the test. */
export async function startExample(context: TestContext, options: ExampleOptions): Promise<ExampleServer> {
  const [program, ...args] = options.command
  const port = await freePort()
  const child = spawn(process.execPath, ['--conditions=source', join(root, program), ...args], {
    cwd: root,
    env: { ...process.env, PORT: String(port), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => (output += String(chunk)))
  const closed = once(child, 'close')
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stop = async () => {
    const force = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    if (!hasEnded()) child.kill('SIGTERM')
    await closed
    clearTimeout(force)
    return child.signalCode ?? child.exitCode ?? 0
  }
  context.after(stop)
  const url = `http://127.0.0.1:${port}`
  const isUp = () => {
    if (hasEnded()) throw new Error(`Cannot start ${program}: it ended\n${output}`)
    return answers(url)
  }
  await until(`${program} answers`, isUp, startTimeoutMs)
  return { url, port, output: () => output, stop }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined)
  await response?.arrayBuffer()
  return response !== undefined
}

/** A folder for the databases of one test; it goes when all tests of the file are over. */
export function databaseFolder(): Promise<string> {
  return temporaryFolder('example')
}
