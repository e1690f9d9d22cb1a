// Talks to a running fleet over its control socket.
import { isDroverError } from '../base/errors.ts'
import {
  readAborted,
  readDrained,
  readHistory,
  readKilled,
  readMetrics,
  readReloaded,
  readScale,
  readSnapshot,
  readStopped,
  reportedError,
  type Killed,
  type Stopped,
} from './answers.ts'
import type { LogEntry, LogRequest, Reloaded, ReloadRequest } from './commands.ts'
import type { DeployEnded, DeployEvent, DeployRequest, HistoryEntry, RollbackRequest } from './deploying.ts'
import { brokenOff, readDeployLine, readLogLine } from './lines.ts'
import type { FleetSnapshot, Scale } from './snapshot.ts'
import { socketPath } from './socket-path.ts'
import { Transport, type Answer, type Asked } from './transport.ts'

const answerTimeoutMs = 5_000

export interface ControlClientOptions {
  /** Absolute. */
  readonly stateDir: string
  readonly currentDir: string
  /** The state folder as messages show it. */
  readonly shownAs: string
}

/**
 * One fleet's control API. Every call rejects FLEET_NOT_RUNNING when nothing listens in the state folder, CONTROL_FAILED
 * when it does not answer in time or sensibly, and otherwise with what the fleet itself reports.
 */
export class ControlClient {
  readonly #transport: Transport

  /** Throws OPTION_INVALID when the state folder's path is too long for a socket. */
  constructor({ stateDir, currentDir, shownAs }: ControlClientOptions) {
    this.#transport = new Transport({ socketPath: socketPath(stateDir, currentDir), shownAs })
  }

  async status(): Promise<FleetSnapshot> {
    const { status, body } = await this.#get('/status')
    return readSnapshot(status, body)
  }

  /** SIGKILLs an instance. Rejects INSTANCE_UNKNOWN or INSTANCE_NOT_RUNNING. */
  async kill(id: string): Promise<Killed> {
    const { status, body } = await this.#post(`/instances/${encodeURIComponent(id)}/kill`)
    return readKilled(status, body)
  }

  /**
   * Has an instance replaced, then drained; resolves when it has gone. Rejects INSTANCE_UNKNOWN or INSTANCE_NOT_RUNNING.
   * Gives up waiting, not draining, after `timeoutMs`.
   */
  async drain(id: string, timeoutMs: number): Promise<{ readonly id: string }> {
    const { status, body } = await this.#post(`/instances/${encodeURIComponent(id)}/drain`, { timeoutMs })
    return readDrained(status, body)
  }

  /** How many instances there are to be. Rejects OPTION_INVALID for 'auto' where no bounds are configured. */
  async scale(to: number | 'auto'): Promise<Scale> {
    const { status, body } = await this.#post('/scale', { body: { to } })
    return readScale(status, body)
  }

  /** The metrics in Prometheus' text format. */
  async metrics(): Promise<string> {
    const { status, body } = await this.#get('/metrics')
    return readMetrics(status, body)
  }

  /**
   * Has the configuration read again, and with `balancers` the balancers replaced. Rejects OPTION_INVALID when it is wrong.
   * Gives up waiting, not reloading, after `timeoutMs`.
   */
  async reload({ balancers }: ReloadRequest, timeoutMs: number): Promise<Reloaded> {
    const { status, body } = await this.#post(balancers ? '/reload?balancers' : '/reload', { timeoutMs })
    return readReloaded(status, body)
  }

  /**
   * Replaces the version that runs, as DeployCommands say. `onEvent` is told of each step, but the end is what this resolves
   * to. Rejects CONTROL_FAILED when the fleet dies or falls silent meanwhile.
   */
  deploy(request: DeployRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return this.#followDeploy('/deploy', request, onEvent)
  }

  /** Deploys a version that ran before. Rejects VERSION_UNKNOWN when there is none. */
  rollback(request: RollbackRequest, onEvent: (event: DeployEvent) => void): Promise<DeployEnded> {
    return this.#followDeploy('/rollback', request, onEvent)
  }

  /** Has the deploy given up that goes on; its version, or null when none does. */
  async abortDeploy(): Promise<{ readonly version: string | null }> {
    const { status, body } = await this.#post('/deploy/abort')
    return readAborted(status, body)
  }

  /** The versions that were run or tried, oldest first. */
  async history(): Promise<readonly HistoryEntry[]> {
    const { status, body } = await this.#get('/history')
    return readHistory(status, body)
  }

  /**
   * What instances and fleet wrote. A promise that `onEntry` returns is awaited before more is read. Resolves when all is
   * told, `signal` aborts or the fleet has stopped. Rejects INSTANCE_UNKNOWN.
   */
  async logs(
    { instance, lines, follow }: LogRequest,
    onEntry: (entry: LogEntry) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const query = new URLSearchParams({ lines: String(lines) })
    if (instance !== undefined) query.set('instance', instance)
    if (follow) query.set('follow', '')
    const tell = async (line: string) => {
      const entry = readLogLine(line)
      if (entry !== undefined && !signal.aborted) await onEntry(entry)
    }
    refuse(await this.#transport.follow({ method: 'GET', path: `/logs?${query.toString()}` }, tell, signal))
  }

  /** Drains and stops the fleet; resolves when only its primary is left. Gives up waiting, not stopping, after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<Stopped> {
    const { status, body } = await this.#post('/stop', { timeoutMs })
    return readStopped(status, body)
  }

  /** Whether a fleet answers at all. */
  async isRunning(): Promise<boolean> {
    try {
      await this.status()
      return true
    } catch (error) {
      if (isDroverError(error, 'FLEET_NOT_RUNNING')) return false
      throw error
    }
  }

  async #followDeploy(
    path: string,
    body: object,
    onEvent: (event: DeployEvent) => void,
  ): Promise<DeployEnded> {
    let ended: DeployEnded | undefined
    const tell = (line: string) => {
      const event = readDeployLine(line)
      if (event?.kind === 'ended') ended = event
      else if (event !== undefined) onEvent(event)
    }
    refuse(await this.#transport.follow({ method: 'POST', path, body }, tell, new AbortController().signal))
    if (ended === undefined) throw brokenOff()
    return ended
  }

  #get(path: string): Promise<Answer> {
    return this.#transport.call({ method: 'GET', path }, answerTimeoutMs)
  }

  #post(path: string, { body, timeoutMs = answerTimeoutMs }: PostOptions = {}): Promise<Answer> {
    const asked: Asked = { method: 'POST', path, ...(body === undefined ? {} : { body }) }
    return this.#transport.call(asked, timeoutMs)
  }
}

interface PostOptions {
  readonly body?: object
  readonly timeoutMs?: number
}

/** Throws what the fleet answered in place of lines. */
function refuse(answer: Answer | undefined): void {
  if (answer !== undefined) throw reportedError(answer.status, answer.body)
}
