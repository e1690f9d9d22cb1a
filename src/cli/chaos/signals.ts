// Signals to processes of the fleet, each only while the fleet names the process; and nothing is left stopped.
import type { FleetSnapshot } from '../../control/snapshot.ts'
import { names } from './victims.ts'

/** Sends a signal to a process, or to its group where `pid` is negative; false when nobody is there. */
export type SendSignal = (pid: number, signal: NodeJS.Signals) => boolean

export const sendSignal: SendSignal = (pid, signal) => {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/** The least id of a process that can be meant: kill(2) reads 0 and -1 as many processes, and 1 is init. */
const leastPid = 2

export class Signals {
  readonly #look: () => Promise<FleetSnapshot>
  readonly #send: SendSignal
  readonly #stopped = new Set<number>()

  /** `look`: the fleet at this moment. */
  constructor(look: () => Promise<FleetSnapshot>, send: SendSignal = sendSignal) {
    this.#look = look
    this.#send = send
  }

  /** Processes that are stopped now. */
  get stopped(): ReadonlySet<number> {
    return this.#stopped
  }

  /** SIGKILLs one process, as a crash ends one. False when the fleet no longer has it. */
  async kill(pid: number): Promise<boolean> {
    return (await this.#isNamed(pid)) && this.#send(pid, 'SIGKILL')
  }

  /**
   * Stops the process and its whole group, which each instance leads: that of `npm start` has the server in it. False when the
   * fleet no longer has it, or `over` has aborted meanwhile.
   */
  async stop(pid: number, over: AbortSignal): Promise<boolean> {
    if (!(await this.#isNamed(pid)) || over.aborted) return false
    // Noted first: whatever happens next, it is let go on.
    this.#stopped.add(pid)
    if (this.#send(-pid, 'SIGSTOP')) return true
    this.#stopped.delete(pid)
    return false
  }

  /** Lets the process go on, unless the fleet has replaced it. A fleet that cannot be asked has not. */
  async resume(pid: number): Promise<void> {
    const isThere = await this.#isNamed(pid).catch(() => true)
    if (this.#stopped.delete(pid) && isThere) this.#send(-pid, 'SIGCONT')
  }

  async resumeAll(): Promise<void> {
    await Promise.all([...this.#stopped].map((pid) => this.resume(pid)))
  }

  /** For the end of this process, which cannot ask any more. A stopped process keeps its id unless it is killed. */
  resumeAllNow(): void {
    for (const pid of this.#stopped) this.#send(-pid, 'SIGCONT')
    this.#stopped.clear()
  }

  async #isNamed(pid: number): Promise<boolean> {
    if (!Number.isSafeInteger(pid) || pid < leastPid) return false
    return names(await this.#look(), pid)
  }
}
