// The primary's side of the guardian: one separate process that ends every recorded group when the primary
// dies, even by SIGKILL, since Node cannot ask the kernel to do that.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../base/clock.ts'
import type { Group } from './process-group.ts'
import { decideRestart } from './restart-policy.ts'
import type { Cancel, Scheduler } from './scheduler.ts'

export interface GuardianPorts {
  readonly clock: Clock
  readonly random: () => number
  readonly scheduler: Scheduler
  readonly log: (line: string) => void
}

// Every line on standard input is the whole list of groups as JSON, replacing the one before; a line cut
// short by the primary's death does not count. Its end means that the primary is gone. A shell waits in 1
// MB where Node takes 45, and it ignores signals from its first moment on, where Node would heed them
// while it boots.
const waitScript =
  "trap '' HUP INT QUIT TERM; groups='[]'; while IFS= read -r line; do groups=$line; done; " +
  '[ "$groups" = "[]" ] || exec "$@" "$groups"'
const program = fileURLToPath(new URL(`guardian-process${extname(import.meta.url)}`, import.meta.url))
/** A line of a few kilobytes is taken at once, even by a shell that is still starting. */
const takeTimeoutMs = 5_000
/** Above the time it takes to end what is still recorded. */
const closeTimeoutMs = 6_000

export class Guardian {
  readonly #ports: GuardianPorts
  #groups: readonly Group[] = []
  #process: ChildProcess | undefined
  #startedAtMs = 0
  #earlyDeaths = 0
  #isClosing = false
  #cancelRestart: Cancel | undefined

  constructor(ports: GuardianPorts) {
    this.#ports = ports
  }

  /** Undefined while it is being restarted. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Starts the guardian, and starts it again with all groups whenever it dies. */
  start(): void {
    const child = spawn('/bin/sh', ['-c', waitScript, 'drover-guardian', process.execPath, program], {
      // Its own session: a Ctrl-C or the end of the terminal does not reach it.
      detached: true,
      cwd: '/',
      // None of the user's NODE_OPTIONS.
      env: { PATH: '/bin:/usr/bin' },
      // Descriptor 3 may be a socket that a service manager handed down: not for this one to keep open.
      stdio: ['pipe', 'ignore', 'ignore', 'ignore'],
    })
    this.#process = child
    this.#startedAtMs = this.#ports.clock.now()
    // A broken pipe means that it died: the exit below handles that. A process that cannot be started
    // has no exit.
    child.stdin?.on('error', () => undefined)
    child.once('error', (error) => {
      this.#handleDeath(`cannot be started (${error.message})`)
    })
    child.once('exit', (code, signal) => {
      this.#handleDeath(signal === null ? `exited with code ${code}` : `was killed by ${signal}`)
    })
    void this.tell(this.#groups)
  }

  /**
   * Replaces the list of groups to end; resolves when it is on its way. While the guardian is down it
   * resolves at once: the next one is told, and the record on disk covers the time between. One that takes
   * nothing for 5 s is replaced: no start may wait for it for ever.
   */
  tell(groups: readonly Group[]): Promise<void> {
    this.#groups = groups
    return new Promise((resolve) => {
      const child = this.#process
      if (child?.stdin?.writable !== true) {
        resolve()
        return
      }
      const cancel = this.#ports.scheduler.after(takeTimeoutMs, () => {
        child.kill('SIGKILL')
      })
      // A failed write means that it died; its successor is told of all groups.
      child.stdin.write(`${JSON.stringify(groups)}\n`, () => {
        cancel()
        resolve()
      })
    })
  }

  /** Ends the guardian. Groups that it was told of last are ended by it first. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#cancelRestart?.()
    const child = this.#process
    if (child === undefined) return
    const exited = new Promise<void>((resolve) => {
      child.once('close', () => {
        resolve()
      })
    })
    child.stdin?.end()
    // One that was stopped (SIGSTOP) would never answer.
    const cancel = this.#ports.scheduler.after(closeTimeoutMs, () => {
      child.kill('SIGKILL')
    })
    await exited
    cancel()
  }

  #handleDeath(reason: string): void {
    this.#process = undefined
    if (this.#isClosing) return
    const readyForMs = this.#ports.clock.now() - this.#startedAtMs
    const { earlyDeaths, delayMs } = decideRestart(
      { earlyDeaths: this.#earlyDeaths, readyForMs },
      this.#ports.random(),
    )
    this.#earlyDeaths = earlyDeaths
    this.#ports.log(`The guardian ${reason}; starting another in ${delayMs} ms`)
    this.#cancelRestart = this.#ports.scheduler.after(delayMs, () => {
      this.start()
    })
  }
}
