// Finds out when a starting instance can serve.
import { get } from 'node:http'
import { connect } from 'node:net'
import type { Scheduler } from './scheduler.ts'
import { pause } from './scheduler.ts'

const pollIntervalMs = 50
/** One unanswered question must not use up the time for the others. */
const attemptTimeoutMs = 2_000
/** An app that listens on 'localhost' may be on either; `::` and 0.0.0.0 answer on the first. */
const hosts = ['127.0.0.1', '::1'] as const

export interface ReadinessTarget {
  readonly port: number
  /** GET of this path must answer 2xx, twice in a row; when undefined, an accepted connection is enough. */
  readonly path: string | undefined
}

/** The loopback address that answered; undefined when `signal` aborted first. Polls without end: bound it from outside. */
export async function waitUntilReady(
  target: ReadinessTarget,
  scheduler: Scheduler,
  signal: AbortSignal,
): Promise<string | undefined> {
  let answered: string | undefined
  while (!signal.aborted) {
    for (const host of hosts) {
      const isReady = await (target.path === undefined
        ? accepts(host, target.port, signal)
        : answersWell(host, target.port, target.path, signal))
      if (signal.aborted) return undefined
      // An answer may be a lucky one while the app still sets itself up; an open port says no more the second time.
      if (isReady && (target.path === undefined || answered === host)) return host
      if (isReady) answered = host
      else if (answered === host) answered = undefined
    }
    await pause(scheduler, pollIntervalMs, signal)
  }
  return undefined
}

/** What has not come, in words for whoever wrote the app: mostly it listens somewhere else. */
export function describeMissing({ port, path }: ReadinessTarget): string {
  if (path === undefined) return `nothing listens on its PORT (${port})`
  return `GET ${path} on its PORT (${port}) was not answered with 2xx`
}

function accepts(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal, timeout: attemptTimeoutMs })
    const settle = (isReady: boolean) => {
      socket.destroy()
      resolve(isReady)
    }
    socket.once('connect', () => {
      // With nobody listening, a connection to a port of the ephemeral range can be given that very
      // port as its own and so meet itself (TCP simultaneous open, RFC 9293 section 3.5).
      settle(socket.localPort !== port)
    })
    socket.once('timeout', () => {
      settle(false)
    })
    socket.on('error', () => {
      settle(false)
    })
  })
}

function answersWell(host: string, port: number, path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { connection: 'close', 'user-agent': 'drover-readiness' }
    const request = get({ host, port, path, signal, headers, agent: false, timeout: attemptTimeoutMs })
    request.once('response', (response) => {
      const status = response.statusCode ?? 0
      response.on('error', () => undefined)
      response.resume()
      resolve(status >= 200 && status < 300)
    })
    request.once('timeout', () => {
      request.destroy()
      resolve(false)
    })
    request.on('error', () => {
      resolve(false)
    })
  })
}
