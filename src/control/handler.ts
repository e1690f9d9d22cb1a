// Answers the control API's requests: what is asked for goes to the fleet's commands, and what they say goes back.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { DroverError } from '../base/errors.ts'
import type { FleetCommands } from './commands.ts'
import type { DeployEvent } from './deploying.ts'
import { LineStream } from './line-stream.ts'
import type { Places } from './places.ts'
import { readDeployRequest, readLogRequest, readRollbackRequest, readScaleRequest } from './requests.ts'
import { failureAnswer, parseRequest, type ControlRequest } from './routes.ts'

/** Enough for the variables of a deploy (R7). */
const maxBodyBytes = 256 * 1024
const errorStatus = { 404: 'there is no such request', 405: 'the method is not allowed there' } as const

interface Answer {
  readonly status: number
  /** Text as it is; anything else as JSON. */
  readonly body: object | string
}

/** Tells line after line; what it resolves to is the last one. */
type Telling = (stream: LineStream) => Promise<object | undefined>

/** What is answered, and by whom. */
export interface Answering {
  readonly commands: FleetCommands
  /** For those who read the log. */
  readonly places: Places
  /** Aborts when the server is about to close, which ends the answers that follow the log. */
  readonly closing: AbortSignal
}

export async function answerRequest(
  answering: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await readBody(request)
    const asked = parseRequest(request.method ?? '', request.url ?? '')
    const outcome = await perform(answering, asked, body)
    if (typeof outcome === 'function') await tell(response, outcome)
    else answer(response, outcome)
  } catch (error) {
    answer(response, failureAnswer(error))
  }
}

async function perform(
  { commands, places, closing }: Answering,
  asked: ControlRequest,
  body: string,
): Promise<Answer | Telling> {
  switch (asked.ask) {
    case 'status':
      return done(commands.snapshot())
    case 'metrics':
      return done(await commands.metrics())
    case 'kill':
      return done(commands.kill(asked.id))
    case 'drain':
      return done(await commands.drain(asked.id))
    case 'scale':
      return done(commands.scale(readScaleRequest(parseBody(body))))
    case 'reload':
      return done(await commands.reload({ balancers: asked.balancers }))
    case 'history':
      return done({ versions: commands.history() })
    case 'abort':
      return done(commands.abortDeploy())
    case 'stop':
      await commands.stop()
      return done({ pid: process.pid })
    case 'deploy': {
      const request = readDeployRequest(parseBody(body))
      return (stream) => commands.deploy(request, eventsTo(stream))
    }
    case 'rollback': {
      const request = readRollbackRequest(parseBody(body))
      return (stream) => commands.rollback(request, eventsTo(stream))
    }
    case 'logs': {
      const request = readLogRequest(asked.query)
      return async (stream) => {
        const over = AbortSignal.any([stream.gone, closing])
        await places.take(() => commands.logs(request, (entry) => stream.tellSlowly(entry), over))
        return undefined
      }
    }
    case 'unknown':
      return {
        status: asked.status,
        body: { error: { code: 'CONTROL_FAILED', message: `Cannot answer: ${errorStatus[asked.status]}` } },
      }
  }
}

function done(body: object | string): Answer {
  return { status: 200, body }
}

/** All but the end, which follows as the last line. */
function eventsTo(stream: LineStream): (event: DeployEvent) => void {
  return (event) => {
    if (event.kind !== 'ended') stream.tell(event)
  }
}

/** Rejects for what failed before the first line; what fails after it is told as the last one. */
async function tell(response: ServerResponse, telling: Telling): Promise<void> {
  const stream = new LineStream(response)
  try {
    stream.end(await telling(stream))
  } catch (error) {
    if (!stream.isBegun) throw error
    stream.end(failureAnswer(error).body)
  }
}

/** One that is too long is read to its end, within the time a request may take, so that its sender hears the answer. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    size += chunk.byteLength
    if (size <= maxBodyBytes) chunks.push(chunk)
  }
  if (size <= maxBodyBytes) return Buffer.concat(chunks).toString('utf8')
  throw new DroverError('CONTROL_FAILED', `Cannot read the request: its body is over ${maxBodyBytes} bytes`)
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new DroverError('OPTION_INVALID', 'Cannot use the request: wanted a body of JSON', { cause: error })
  }
}

function answer(response: ServerResponse, { status, body }: Answer): void {
  const isText = typeof body === 'string'
  const text = isText ? body : JSON.stringify(body)
  response.writeHead(status, {
    'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  })
  response.end(text)
}
