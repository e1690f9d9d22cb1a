// An answer as it is recorded and given again.
import { unavailableRecord } from './refusal.ts'

/** An answer of the app, whole. */
export interface AppResponse {
  readonly status: number
  /** Names in lower case; a name may come several times. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Undefined: too large to keep, or a stream without a foreseeable end. */
  readonly body: Uint8Array | undefined
}

/**
 * What an answer given again does not carry: what belongs to the connection (RFC 9110 section 7.6.1) or to the first request
 * alone, and cookies. A cookie is a credential, which would lie readable in the store for a day, and a day later an old one
 * would come back and undo what happened since.
 */
const unrecorded: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  'age',
  'set-cookie',
  'server-timing',
  'traceparent',
  'x-request-id',
  'ratelimit',
  'ratelimit-policy',
])

function isRecorded(name: string): boolean {
  return !unrecorded.has(name) && !name.startsWith('x-drover-')
}

/** As the text that a store keeps. */
export function writeResponse({ status, headers, body }: AppResponse): string {
  const kept = headers.filter(([name]) => isRecorded(name))
  return JSON.stringify({ status, headers: kept, body: body === undefined ? null : base64Of(body) })
}

/** Without a copy of the bytes. */
function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** Throws STORE_UNAVAILABLE on what is no such text: the effect took place, and what it answered cannot be told. */
export function readResponse(text: string): AppResponse {
  const record: unknown = parse(text)
  if (typeof record !== 'object' || record === null) throw unavailableRecord()
  const { status, headers, body }: Partial<Record<string, unknown>> = { ...record }
  if (typeof status !== 'number' || !Array.isArray(headers) || !headers.every(isField))
    throw unavailableRecord()
  if (body === null) return { status, headers, body: undefined }
  if (typeof body !== 'string') throw unavailableRecord()
  return { status, headers, body: Buffer.from(body, 'base64') }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unavailableRecord()
  }
}

function isField(field: unknown): field is readonly [string, string] {
  return Array.isArray(field) && field.length === 2 && field.every((part) => typeof part === 'string')
}
