// Requests and answers over a fleet's control socket, and what is said when there are none.
import { request, type IncomingMessage } from 'node:http'
import { DroverError, isDroverError } from '../base/errors.ts'
import { readLines, silenceTimeoutMs } from './line-reader.ts'

const maxAnswerBytes = 4 * 1024 * 1024

export interface TransportOptions {
  readonly socketPath: string
  /** The state folder as messages show it. */
  readonly shownAs: string
}

export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Sent as JSON. */
  readonly body?: object
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Rejects FLEET_NOT_RUNNING when nothing listens, and CONTROL_FAILED when no answer comes or it breaks off. */
export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** The whole answer. Gives up waiting after `timeoutMs`. */
  async call(asked: Asked, timeoutMs: number): Promise<Answer> {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const response = await this.#send(asked, signal)
      return { status: response.statusCode ?? 0, body: await readBody(response) }
    } catch (error) {
      throw signal.aborted ? this.#tooLate(timeoutMs) : this.#failure(error)
    }
  }

  /**
   * An answer that is told line by line: `onLine` is given each, undefined is the answer then. One that is refused is told
   * as a whole. Rejects when the fleet falls silent; resolves when `signal` aborts.
   */
  async follow(
    asked: Asked,
    onLine: (line: string) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    const late = new AbortController()
    const timer = setTimeout(() => {
      late.abort()
    }, silenceTimeoutMs)
    try {
      const response = await this.#send(asked, AbortSignal.any([signal, late.signal]))
      clearTimeout(timer)
      if (response.statusCode !== 200)
        return { status: response.statusCode ?? 0, body: await readBody(response) }
      await readLines(response, onLine)
    } catch (error) {
      if (!signal.aborted) throw late.signal.aborted ? this.#tooLate(silenceTimeoutMs) : this.#failure(error)
    } finally {
      clearTimeout(timer)
    }
    return undefined
  }

  #send({ method, path, body }: Asked, signal: AbortSignal): Promise<IncomingMessage> {
    const { socketPath } = this.#options
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = text === undefined ? {} : { 'content-type': 'application/json' }
    return new Promise((resolve, reject) => {
      request({ socketPath, method, path, headers, signal, agent: false })
        .once('response', resolve)
        .once('error', reject)
        .end(text)
    })
  }

  #tooLate(timeoutMs: number): DroverError {
    const message = `Cannot reach the fleet in ${this.#options.shownAs}: no answer in ${timeoutMs / 1_000} s`
    return new DroverError('CONTROL_FAILED', message)
  }

  #failure(error: unknown): DroverError {
    if (isDroverError(error)) return error
    const { shownAs } = this.#options
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      const message = `Cannot reach a fleet in ${shownAs}: nothing is running there`
      return new DroverError('FLEET_NOT_RUNNING', message, { cause: error })
    }
    const reason =
      code === 'EACCES' || code === 'EPERM'
        ? 'it belongs to another user'
        : error instanceof Error
          ? error.message
          : String(error)
    return new DroverError('CONTROL_FAILED', `Cannot reach the fleet in ${shownAs}: ${reason}`, {
      cause: error,
    })
  }
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
