// What a request means, whichever reader tells it: that is what two servers must not see in two ways.
import type { SeenRequest } from './recording-instance.ts'

export interface Meaning {
  readonly method: string
  /** In origin form. */
  readonly target: string
  /** In lower case: hosts have none (RFC 3986 section 6.2.2.1). */
  readonly host: string
  readonly body: string
}

/** A target in absolute form means the path and the host it names (RFC 9112 section 3.2.2). */
export function meaningOf({ method, target, host, body }: SeenRequest): Meaning {
  const match = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target)
  if (match === null) return { method, target, host: host.toLowerCase(), body }
  const [, authority = '', rest = ''] = match
  return { method, target: rest.startsWith('/') ? rest : `/${rest}`, host: authority.toLowerCase(), body }
}

/** Fields the balancer writes itself, in requests or in responses. */
const ours: ReadonlySet<string> = new Set([
  'date',
  'keep-alive',
  'x-drover-instance',
  'host',
  'connection',
  'upgrade',
  'content-length',
  'transfer-encoding',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-request-id',
  'traceparent',
])

/** Fields and trailers that were forwarded though the other reader has not seen them. */
export function strangeFields(forwarded: SeenRequest, read: SeenRequest | undefined): string[] {
  if (read === undefined) return []
  return [
    ...missingLines(forwarded.rawHeaders, read.rawHeaders),
    ...missingLines(forwarded.rawTrailers, read.rawTrailers),
  ]
}

/** Those of the fields, as lines, that the others do not have. */
export function missingLines(rawHeaders: readonly string[], others: readonly string[]): string[] {
  const lines = linesOf(others)
  return linesOf(rawHeaders).filter((line) => !lines.includes(line))
}

function linesOf(raw: readonly string[]): string[] {
  const lines: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (!ours.has(name.toLowerCase()))
      lines.push(`${name}: ${(raw[index + 1] ?? '').replace(/^[ \t]+|[ \t]+$/g, '')}`)
  }
  return lines
}
