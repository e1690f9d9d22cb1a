// Starts the programs of a run, waits until they serve, and stops them by pid.
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Stage } from './stage.ts'

/** A program that serves on one loopback port, or on several. */
export interface Program {
  readonly pid: number
  readonly ports: readonly number[]
}

/** What a contender written in Node says to its parent when it serves. */
export interface Ready {
  readonly ports: readonly number[]
}

const startTimeoutMs = 15_000
const stopTimeoutMs = 3_000
const pollMs = 20

/** Where a program runs, if not where the benchmark does. */
export interface Place {
  readonly cwd?: string
}

/** Starts a Node program that announces its port with `announce` of contenders/announce.ts; it is given `words`. */
export async function startNode(
  stage: Stage,
  path: URL,
  words: readonly string[],
  place: Place = {},
): Promise<Program> {
  stage.signal.throwIfAborted()
  const child = fork(path, words, {
    ...place,
    execArgv: ['--conditions=source'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const said = listen(stage, child)
  const waited = AbortSignal.any([stage.signal, AbortSignal.timeout(startTimeoutMs)])
  const ready = once(child, 'message', { signal: waited }).then(([message]: unknown[]) => readReady(message))
  const { ports } = await Promise.race([ready, died(child, path.pathname, said)])
  return { pid: pidOf(child, path.pathname), ports }
}

/** What `announce` of contenders/announce.ts sent. */
function readReady(message: unknown): Ready {
  if (typeof message === 'object' && message !== null && 'ports' in message && Array.isArray(message.ports)) {
    return { ports: message.ports.map(Number) }
  }
  throw new Error(`Cannot start a contender: wanted its ports, it said ${JSON.stringify(message)}`)
}

/** Starts any other program, told by its `args` to listen on `port`; ready when it accepts there. */
export async function startServer(
  stage: Stage,
  command: string,
  args: readonly string[],
  port: number,
): Promise<Program> {
  stage.signal.throwIfAborted()
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said = listen(stage, child)
  await Promise.race([accepts(stage, port, command), died(child, command, said)])
  return { pid: pidOf(child, command), ports: [port] }
}

/** Collects what the program says on standard error, and has it stopped with the stage. */
function listen(stage: Stage, child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-4096)
  })
  stage.onClear(() => stop(child))
  return () => text.trim()
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const deadline = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await exited
  clearTimeout(deadline)
}

/** Never resolves; rejects when the program ends. Once it serves, nobody listens to that any more. */
function died(child: ChildProcess, name: string, said: () => string): Promise<never> {
  const end = new Promise<never>((_resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      reject(new Error(`Cannot start ${name}: it ended by ${signal ?? `code ${code}`}\n${said()}`))
    })
  })
  // The race may be over when this rejects, which is then no news: stopping the program is an end too.
  end.catch(() => undefined)
  return end
}

async function accepts(stage: Stage, port: number, name: string): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  while (performance.now() < deadline) {
    if (await isOpen(port)) return
    await pause(pollMs, undefined, { signal: stage.signal })
  }
  throw new Error(`Cannot start ${name}: it does not accept on port ${port}`)
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}

function pidOf(child: ChildProcess, name: string): number {
  if (child.pid === undefined) throw new Error(`Cannot start ${name}: it has no pid`)
  return child.pid
}
