// One question to an instance, on a connection of its own that is not kept: a kept one would tell of a connection, not of the loop.
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'

export interface Question {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Read the body, if it is JSON. */
  readonly wantsJson: boolean
}

/** `body`: of a 200 that is JSON, where it was wanted. `other`: any other response. `failed`: no response, or a cut one. */
export type Outcome = { readonly body: string } | 'other' | 'failed'

export interface QuestionPorts {
  /** The loop turns: a response began, or the connection was closed by the other side. At most once, before `onEnd`. */
  readonly onAlive: () => void
  readonly onEnd: (outcome: Outcome) => void
}

/** A fingerprint of a thousand names and 200 routes are less (R7). */
const mostBytes = 256 * 1_024

/** Asks; nothing but an answer or an error ends it, so bound it from outside. Returns how to give up, after which nothing is told. */
export function askInstance(question: Question, ports: QuestionPorts): () => void {
  const { host, port, path } = question
  let isOver = false
  let isConnected = false
  const headers = { ...question.headers, connection: 'close', 'user-agent': 'drover-watch' }
  const request = get({ host, port, path, headers, agent: false })
  const end = (outcome: Outcome) => {
    if (isOver) return
    isOver = true
    request.destroy()
    ports.onEnd(outcome)
  }
  request.once('socket', (socket) => {
    socket.once('connect', () => {
      isConnected = true
    })
  })
  request.once('response', (response) => {
    response.on('error', () => end('failed'))
    if (isOver) return
    ports.onAlive()
    if (question.wantsJson && isJson(response)) readBody(response, end)
    else end('other')
  })
  // Nobody asked for another protocol; without this, such an answer would end in nothing.
  request.once('upgrade', () => {
    if (!isOver) ports.onAlive()
    end('other')
  })
  request.on('error', () => {
    // What was accepted and then closed was closed by the program: the kernel only accepts.
    if (isConnected && !isOver) ports.onAlive()
    end('failed')
  })
  return () => {
    isOver = true
    request.destroy()
  }
}

function isJson({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 200 && /^application\/json\b/.test(headers['content-type'] ?? '')
}

function readBody(response: IncomingMessage, end: (outcome: Outcome) => void): void {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (piece: string) => {
    text += piece
    if (text.length > mostBytes) end('other')
  })
  response.once('end', () => end({ body: text }))
}
