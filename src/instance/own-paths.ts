// Answers what balancers and the supervisor ask an instance, at paths that the app does not see.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { telemetryPath, telemetrySecretHeader } from '../base/instance-telemetry.ts'
import type { InstanceState, InstanceTelemetry } from '../base/instance-telemetry.ts'
import { isLoopback } from '../base/loopback.ts'
import { isSameSecret } from '../base/secret.ts'
import type { Readiness } from './readiness.ts'
import type { Settings } from './options.ts'

export interface OwnPathSources {
  readonly settings: Settings
  readonly readiness: Readiness
  readonly state: () => InstanceState
  readonly telemetry: () => InstanceTelemetry
}

type Answer = readonly [status: number, type: string, body: string]

export class OwnPaths {
  readonly #sources: OwnPathSources
  readonly #readyPath: string | undefined
  readonly #livePath: string | undefined

  constructor(sources: OwnPathSources) {
    this.#sources = sources
    this.#readyPath = sources.settings.readyPath
    this.#livePath = sources.settings.livePath
  }

  /** Whether the request was one of these, and is answered. */
  answers(req: IncomingMessage, res: ServerResponse): boolean {
    const { url = '' } = req
    if (isAt(url, this.#readyPath)) void this.#answerReady(req, res)
    else if (isAt(url, this.#livePath)) answer(req, res, text(200, 'alive'))
    else if (url === telemetryPath && this.#isWatcher(req)) this.#answerTelemetry(req, res)
    else return false
    return true
  }

  async #answerReady(req: IncomingMessage, res: ServerResponse): Promise<void> {
    answer(req, res, await this.#readyAnswer())
  }

  async #readyAnswer(): Promise<Answer> {
    const { state, readiness } = this.#sources
    const isReady = state() === 'serving' && (await readiness.isReady())
    // The check takes time, in which the instance may have been told to leave.
    if (state() !== 'serving') return text(503, `not ready: ${state()}`)
    return isReady ? text(200, 'ready') : text(503, 'not ready: the check says no')
  }

  #answerTelemetry(req: IncomingMessage, res: ServerResponse): void {
    answer(req, res, [200, 'application/json', `${JSON.stringify(this.#sources.telemetry())}\n`])
  }

  /** Clients come from loopback too, through the balancer: the secret word is what counts. */
  #isWatcher(req: IncomingMessage): boolean {
    const { marker } = this.#sources.settings
    const word = req.headers[telemetrySecretHeader]
    if (marker === undefined || typeof word !== 'string') return false
    return isLoopback(req.socket.remoteAddress ?? '') && isSameSecret(word, marker)
  }
}

function isAt(url: string, path: string | undefined): boolean {
  if (path === undefined) return false
  return url === path || (url.startsWith(path) && url[path.length] === '?')
}

function text(status: number, line: string): Answer {
  return [status, 'text/plain; charset=utf-8', `${line}\n`]
}

function answer(req: IncomingMessage, res: ServerResponse, wanted: Answer): void {
  const isQuestion = req.method === 'GET' || req.method === 'HEAD'
  const [status, type, body] = isQuestion ? wanted : text(405, 'wanted GET or HEAD')
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(isQuestion ? {} : { allow: 'GET, HEAD' }),
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}
