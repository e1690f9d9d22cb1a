// Takes the "not processed" marker off an answer that a handler gives.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { notProcessedHeader } from '../base/wire.ts'

/**
 * A handler that relays what another instance of the fleet answered would relay a refusal's secret word too, and its request
 * would be repeated after it had taken effect. Every way of Node's to send a head leads through `writeHead`. Costs less than 1 µs
 * of CPU time per request (docs/instance.md); other forgeries are the balancer's to strip, as they lack the word.
 */
export function stripForgedMarker(res: ServerResponse): void {
  const writeHead = res.writeHead.bind(res)
  res.writeHead = (...args: unknown[]): ServerResponse => {
    if (res.hasHeader(notProcessedHeader)) res.removeHeader(notProcessedHeader)
    Reflect.apply(writeHead, res, args.length === 1 ? args : args.map(withoutMarker))
    return res
  }
}

/** Headers are an object, or a list of name, value, name, value … or of pairs; whatever else comes is left alone. */
function withoutMarker(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null) return argument
  if (!Array.isArray(argument)) return withoutField(argument)
  const list: readonly unknown[] = argument
  if (list.every((item) => Array.isArray(item))) return list.filter(([name]) => !isMarker(name))
  return list.filter((_item, index) => !isMarker(list[index - (index % 2)]))
}

function withoutField(headers: object): OutgoingHttpHeaders | object {
  const forged = Object.keys(headers).filter(isMarker)
  if (forged.length === 0) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isMarker(name)))
}

function isMarker(name: unknown): boolean {
  return (
    typeof name === 'string' &&
    name.length === notProcessedHeader.length &&
    name.toLowerCase() === notProcessedHeader
  )
}
