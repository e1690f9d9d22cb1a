// The head that goes to the client: the instance's, without what belongs to one hop.
import { instanceHeader } from '../../base/wire.ts'
import { namedByConnection } from '../upstream/request-head.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'

const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  instanceHeader,
])

/** Name, value, name, value …; with the instance's id when it may be revealed. */
export function responseFields(head: ResponseHead, revealed: string | undefined): string[] {
  const { rawHeaders } = head
  const named = namedByConnection(rawHeaders)
  const fields: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const lowerName = name.toLowerCase()
    if (dropped.has(lowerName) || named?.has(lowerName) === true) continue
    fields.push(name, rawHeaders[index + 1] ?? '')
  }
  if (revealed !== undefined) fields.push(instanceHeader, revealed)
  return fields
}

/** The trailers that may follow a body: as pairs, without what belongs to one hop or delimits a body. */
export function trailerFields(rawTrailers: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const name = rawTrailers[index] ?? ''
    const lowerName = name.toLowerCase()
    if (!dropped.has(lowerName) && lowerName !== 'content-length')
      pairs.push([name, rawTrailers[index + 1] ?? ''])
  }
  return pairs
}

/** The head of an information (1xx), in latin1. */
export function writeInformationHead(head: ResponseHead): string {
  return writeHead(head.status, head.reason, responseFields(head, undefined))
}

/** The head of a 101, in latin1: the one response whose Connection and Upgrade fields are the client's to see. */
export function writeUpgradeHead(head: ResponseHead, revealed: string | undefined): string {
  const fields = [...responseFields(head, revealed), 'Connection', 'Upgrade', 'Upgrade', 'websocket']
  return writeHead(101, head.reason === '' ? 'Switching Protocols' : head.reason, fields)
}

function writeHead(status: number, reason: string, fields: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`
  for (let index = 0; index < fields.length; index += 2) text += `${fields[index]}: ${fields[index + 1]}\r\n`
  return `${text}\r\n`
}

/** Streams that must reach the client as they come, byte by byte. */
export function mustStream(head: ResponseHead): boolean {
  const { rawHeaders } = head
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase()
    const value = rawHeaders[index + 1]?.toLowerCase() ?? ''
    if (name === 'content-type' && value.startsWith('text/event-stream')) return true
    if (name === 'x-accel-buffering' && value === 'no') return true
  }
  return false
}
