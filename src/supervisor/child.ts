// Starts one process as the leader of its own group, held at a gate until it has been recorded: were the
// supervisor killed between starting an app and recording it, nobody would know whom to end.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Environment } from './command.ts'
import type { OutputStream } from './fleet-options.ts'
import { forwardLines } from './output-lines.ts'
import type { Group } from './process-group.ts'
import { identifyGroup } from './process-group.ts'

export interface ChildSpec {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: Environment
  readonly onOutput: (stream: OutputStream, line: string) => void
  /** Called synchronously when the exit is known. */
  readonly onExit: (exit: Exit) => void
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

// Waits for a line on descriptor 3, then becomes the command: pid and start time stay the same. End of
// file means that the supervisor is gone or has thought better of it. The variable's own name leaves the
// app's environment untouched.
const gateScript = 'IFS= read -r _drover_gate <&3 || exit 125; unset _drover_gate; exec "$@" 3<&-'

/** A started process whose command does not run before `open`. */
export class Child {
  readonly group: Group
  /** Settles when both output streams have ended. */
  readonly outputEnded: Promise<unknown>
  readonly #process: ChildProcess
  readonly #gate: Writable

  constructor(process: ChildProcess, gate: Writable, group: Group, outputEnded: Promise<unknown>) {
    this.#process = process
    this.#gate = gate
    this.group = group
    this.outputEnded = outputEnded
  }

  /** Lets the command run. Call once the group is recorded. */
  open(): void {
    this.#gate.end('go\n')
  }

  get hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  /** Gives up on output that is still to come, from a process that left the group and kept the pipe. */
  closeOutput(): void {
    this.#process.stdout?.destroy()
    this.#process.stderr?.destroy()
  }
}

/** Starts `spec.command` behind the gate. Rejects when the machine cannot start a process. */
export async function spawnChild(spec: ChildSpec): Promise<Child> {
  const child = spawn('/bin/sh', ['-c', gateScript, 'drover-gate', ...withOddVariables(spec)], {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  if (child.pid === undefined) throw await spawnError(child)
  const gate = child.stdio[3]
  if (!(gate instanceof Writable)) throw new TypeError('Cannot start a process: its gate is no pipe')
  // A child killed at the gate breaks the pipe; its exit says so already.
  gate.on('error', () => undefined)
  child.once('exit', (code, signal) => {
    spec.onExit({ code, signal })
  })
  forwardLines(child.stdout, (line) => spec.onOutput('stdout', line))
  forwardLines(child.stderr, (line) => spec.onOutput('stderr', line))
  const outputs = [child.stdout, child.stderr].filter((stream) => stream !== null)
  const outputEnded = Promise.allSettled(outputs.map((stream) => finished(stream)))
  try {
    return new Child(child, gate, await identify(child.pid), outputEnded)
  } catch (error) {
    // Nobody will open the gate: its end of file ends the process.
    gate.destroy()
    throw error
  }
}

async function identify(pid: number): Promise<Group> {
  const group = await identifyGroup(pid)
  if (group === undefined) throw new Error(`Cannot record process ${pid}: it ended at once`)
  return group
}

async function spawnError(child: ChildProcess): Promise<Error> {
  const [error] = await once(child, 'error').catch((reason: unknown) => [reason])
  return error instanceof Error ? error : new Error(String(error))
}

/**
 * POSIX shells may drop variables whose names they could not assign to (dash does with `a.b`), so these go
 * round the gate as arguments of env(1).
 */
function withOddVariables(spec: ChildSpec): readonly string[] {
  const odd = Object.entries(spec.env).filter(
    ([name, value]) => value !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
  )
  if (odd.length === 0) return spec.command
  return ['/usr/bin/env', '--', ...odd.map(([name, value]) => `${name}=${value}`), ...spec.command]
}
