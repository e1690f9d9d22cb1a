// A response's fields as HTTP/2 sends them (RFC 9113 section 8.2). Pure.
import { fieldValue, hasNoBody } from '../http1/header-section.ts'
import { responseFields, trailerFields } from './response-head.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'

/** Fields of a connection that HTTP/2 forbids, beyond those that are never passed on. */
const forbidden: ReadonlySet<string> = new Set(['te', 'http2-settings'])

/** Statuses whose responses have no body, whatever their fields say (RFC 9110 section 15). */
export function isBodiless(method: string, status: number): boolean {
  return hasNoBody(method, status) || status === 205
}

/** Node sends final responses with these statuses only; no others are defined (RFC 9110 section 15). */
export function canSend(status: number): boolean {
  return status >= 200 && status <= 599
}

/** Name, value, …, the status first; names in any case. */
export function http2ResponseFields(head: ResponseHead, extraFields: readonly string[]): string[] {
  // Clients take a 204 that tells a length for malformed (RFC 9110 section 8.6).
  const hasLength = head.status !== 204 && head.status !== 205
  const fields = responseFields(head, extraFields)
  const sent = [':status', String(head.status)]
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? ''
    const lowerName = name.toLowerCase()
    if (!forbidden.has(lowerName) && (hasLength || lowerName !== 'content-length'))
      sent.push(name, fields[index + 1] ?? '')
  }
  return sent
}

/** The fields of an information (1xx). */
export function http2InformationFields(head: ResponseHead): Record<string, string | string[]> {
  const fields: [string, string][] = []
  const flat = responseFields(head)
  for (let index = 0; index < flat.length; index += 2) fields.push([flat[index] ?? '', flat[index + 1] ?? ''])
  return { ...collect(fields), ':status': String(head.status) }
}

export function http2TrailerFields(rawTrailers: readonly string[]): Record<string, string[]> {
  return collect(trailerFields(rawTrailers))
}

function collect(fields: readonly [name: string, value: string][]): Record<string, string[]> {
  const byName = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const lowerName = name.toLowerCase()
    if (forbidden.has(lowerName) || lowerName === 'content-length') continue
    const values = byName.get(lowerName)
    if (values === undefined) byName.set(lowerName, [value])
    else values.push(value)
  }
  return Object.fromEntries(byName)
}

/** Whether trailers may follow: only chunks can bring them (RFC 9112 section 7.1.2). */
export function mayHaveTrailers(head: ResponseHead): boolean {
  return fieldValue(head.rawHeaders, 'transfer-encoding') !== undefined
}
