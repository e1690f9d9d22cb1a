// A `drover` under test: its own environment, folder and streams, and what came of it.
import { spawn, type ChildProcess } from 'node:child_process'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { until } from '../support/until.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export const mainPath: string = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
export const serverPath: string = fileURLToPath(new URL('fixtures/server.ts', import.meta.url))
export const stubbornPath: string = fileURLToPath(new URL('fixtures/stubborn.ts', import.meta.url))

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Terminal {
  readonly process: ChildProcess
  readonly pid: number
  stdout(): string
  stderr(): string
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  /** Waits until standard output shows `text`. */
  shows(text: string): Promise<unknown>
}

/** Starts `drover` with `args`; killed at the end of the test if it still runs. */
export function openTerminal(
  t: TestContext,
  args: readonly string[],
  { cwd, env = {} }: RunOptions,
): Terminal {
  const { PORT: _port, NO_COLOR: _noColour, FORCE_COLOR: _forceColour, ...inherited } = process.env
  const child = spawn(process.execPath, ['--conditions=source', mainPath, ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
  let isOver = false
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      isOver = true
      resolve(code ?? signal ?? 'unknown')
    })
  })
  const pid = child.pid ?? 0
  t.after(async () => {
    if (!isOver) child.kill('SIGTERM')
    await ended
  })
  const shows = (text: string) =>
    until(`"${text}" on standard output`, () => {
      if (stdout.includes(text)) return true
      if (isOver) throw new Error(`drover ended without showing "${text}": ${stdout}${stderr}`)
      return false
    })
  return { process: child, pid, stdout: () => stdout, stderr: () => stderr, ended, shows }
}

export interface Outcome {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end. */
export async function run(t: TestContext, args: readonly string[], options: RunOptions): Promise<Outcome> {
  const terminal = openTerminal(t, args, options)
  const code = await terminal.ended
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}

/** A folder that goes when all tests of the file are over. */
export function makeFolder(): Promise<string> {
  return temporaryFolder('cli')
}

export interface RunningFleet {
  readonly terminal: Terminal
  readonly url: string
}

/** `drover up` on any free port in `cwd`, once all instances are ready. */
export async function startFleet(
  t: TestContext,
  args: readonly string[],
  options: RunOptions,
): Promise<RunningFleet> {
  const terminal = openTerminal(t, ['up', ...args], options)
  await terminal.shows('nobody notices')
  const url = /(?:answers|answer as one) on (https?:\S+)/.exec(
    stripVTControlCharacters(terminal.stdout()),
  )?.[1]
  if (url === undefined) throw new Error(`Cannot find the URL in: ${terminal.stdout()}`)
  return { terminal, url }
}
