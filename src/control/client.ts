// Talks to a running fleet over its control socket.
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { DroverError, isDroverError } from '../base/errors.ts'
import {
  readKilled,
  readMetrics,
  readReloaded,
  readSnapshot,
  readStopped,
  type Killed,
  type Stopped,
} from './answers.ts'
import type { Reloaded, ReloadRequest } from './commands.ts'
import type { FleetSnapshot } from './snapshot.ts'
import { socketPath } from './socket-path.ts'

const answerTimeoutMs = 5_000
const maxAnswerBytes = 4 * 1024 * 1024

export interface ControlClientOptions {
  /** Absolute. */
  readonly stateDir: string
  readonly currentDir: string
  /** The state folder as messages show it. */
  readonly shownAs: string
}

interface Answer {
  readonly status: number
  readonly body: string
}

/**
 * One fleet's control API. Every call rejects FLEET_NOT_RUNNING when nothing listens in the state folder, CONTROL_FAILED
 * when it does not answer in time or sensibly, and otherwise with what the fleet itself reports.
 */
export class ControlClient {
  readonly #path: string
  readonly #shownAs: string

  /** Throws OPTION_INVALID when the state folder's path is too long for a socket. */
  constructor(options: ControlClientOptions) {
    this.#path = socketPath(options.stateDir, options.currentDir)
    this.#shownAs = options.shownAs
  }

  async status(): Promise<FleetSnapshot> {
    const { status, body } = await this.#call('GET', '/status', answerTimeoutMs)
    return readSnapshot(status, body)
  }

  /** SIGKILLs an instance. Rejects INSTANCE_UNKNOWN or INSTANCE_NOT_RUNNING. */
  async kill(id: string): Promise<Killed> {
    const path = `/instances/${encodeURIComponent(id)}/kill`
    const { status, body } = await this.#call('POST', path, answerTimeoutMs)
    return readKilled(status, body)
  }

  /** The metrics in Prometheus' text format. */
  async metrics(): Promise<string> {
    const { status, body } = await this.#call('GET', '/metrics', answerTimeoutMs)
    return readMetrics(status, body)
  }

  /**
   * Has the configuration read again, and with `balancers` the balancers replaced. Rejects OPTION_INVALID when it is wrong.
   * Gives up waiting, not reloading, after `timeoutMs`.
   */
  async reload({ balancers }: ReloadRequest, timeoutMs: number): Promise<Reloaded> {
    const { status, body } = await this.#call('POST', balancers ? '/reload?balancers' : '/reload', timeoutMs)
    return readReloaded(status, body)
  }

  /** Drains and stops the fleet; resolves when only its primary is left. Gives up waiting, not stopping, after `timeoutMs`. */
  async stop(timeoutMs: number): Promise<Stopped> {
    const { status, body } = await this.#call('POST', '/stop', timeoutMs)
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

  async #call(method: string, path: string, timeoutMs: number): Promise<Answer> {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const response = await send({ socketPath: this.#path, method, path, signal, agent: false })
      return { status: response.statusCode ?? 0, body: await readBody(response) }
    } catch (error) {
      throw signal.aborted ? this.#tooLate(timeoutMs) : this.#failure(error)
    }
  }

  #tooLate(timeoutMs: number): DroverError {
    const seconds = timeoutMs / 1_000
    return new DroverError(
      'CONTROL_FAILED',
      `Cannot reach the fleet in ${this.#shownAs}: no answer in ${seconds} s`,
    )
  }

  #failure(error: unknown): DroverError {
    if (isDroverError(error)) return error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      const message = `Cannot reach a fleet in ${this.#shownAs}: nothing is running there`
      return new DroverError('FLEET_NOT_RUNNING', message, { cause: error })
    }
    const reason =
      code === 'EACCES' || code === 'EPERM'
        ? 'it belongs to another user'
        : error instanceof Error
          ? error.message
          : String(error)
    const message = `Cannot reach the fleet in ${this.#shownAs}: ${reason}`
    return new DroverError('CONTROL_FAILED', message, { cause: error })
  }
}

function send(options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(options).once('response', resolve).once('error', reject).end()
  })
}

async function readBody(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let body = ''
  for await (const chunk of response) {
    body += String(chunk)
    if (body.length > maxAnswerBytes) {
      throw new DroverError(
        'CONTROL_FAILED',
        `Cannot read the fleet's answer: it is over ${maxAnswerBytes} bytes`,
      )
    }
  }
  return body
}
