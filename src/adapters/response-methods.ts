// The methods by which a node:http response is written, for what holds an answer back: as they were before it came.
import type { ServerResponse } from 'node:http'
import type { ErrorAnswer } from './error-answer.ts'
import { hasReason } from './response-head.ts'

export type Method = 'writeHead' | 'flushHeaders' | 'write' | 'end'
export type Originals = Readonly<Record<Method, (...args: readonly unknown[]) => unknown>>

/** The methods as they are now, possibly those of another middleware. */
export function originalsOf(res: ServerResponse): Originals {
  const original = (method: Method) => {
    const former = res[method]
    return (...args: readonly unknown[]): unknown => Reflect.apply(former, res, args)
  }
  return {
    writeHead: original('writeHead'),
    flushHeaders: original('flushHeaders'),
    write: original('write'),
    end: original('end'),
  }
}

/** Nothing of the app's head stays: its length, validators and cookies belong to an answer that does not exist. */
export function answerInstead(
  res: ServerResponse,
  original: Originals,
  { status, statusMessage, headers, body }: ErrorAnswer,
): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  original.writeHead(status, ...(hasReason(res) ? [statusMessage] : []))
  original.end(body)
}
