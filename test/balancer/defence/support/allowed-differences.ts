// Where another reader may differ from what we forwarded, each with its reason. Nothing else may.
import type { Meaning } from './meaning.ts'

export interface Difference {
  /** Who reads otherwise. */
  readonly who: string
  /** All that was said on the connection. */
  readonly bytes: string
  readonly forwarded: Meaning
  /** Undefined when it has read no such request. */
  readonly read: Meaning | undefined
}

interface Allowance {
  readonly reason: string
  readonly applies: (difference: Difference) => boolean
}

/** It reads no such request: it refuses, so nobody is told anything else than we told the instance. */
const refusedBy = (who: string, { who: reader, read }: Difference) => who === reader && read === undefined

const allowances: readonly Allowance[] = [
  {
    reason: 'HAProxy refuses a URL without a path; RFC 9112 section 3.2.2 has it mean "/"',
    applies: (difference) => refusedBy('HAProxy', difference) && /http:\/\/[^/? ]*\?/i.test(difference.bytes),
  },
  {
    reason: 'nginx serves no TRACE',
    applies: (difference) => refusedBy('nginx', difference) && difference.forwarded.method === 'TRACE',
  },
  {
    reason: 'nginx does not know the target * of OPTIONS',
    applies: (difference) => refusedBy('nginx', difference) && difference.forwarded.target === '*',
  },
  {
    reason: 'nginx refuses an empty Host; RFC 9112 section 3.2 has it for targets without an authority',
    applies: (difference) => refusedBy('nginx', difference) && difference.forwarded.host === '',
  },
  {
    reason: 'nginx refuses a path it cannot decode, or that leaves the root; instances get it as it was said',
    applies: (difference) =>
      refusedBy('nginx', difference) &&
      /^[^?]*(?:%(?![\dA-Fa-f]{2})|%00|\/\.\.)/.test(difference.forwarded.target),
  },
  {
    reason: 'HAProxy refuses a body in a GET, HEAD or DELETE of HTTP/1.0; Node and nginx read it',
    applies: (difference) =>
      refusedBy('HAProxy', difference) &&
      difference.forwarded.body !== '' &&
      ['GET', 'HEAD', 'DELETE'].includes(difference.forwarded.method) &&
      difference.bytes.includes('HTTP/1.0'),
  },
  {
    reason:
      'Node takes a tab behind a coding for a part of it; RFC 9110 section 5.5 has tabs around a value as blanks, and we write the coding without',
    applies: (difference) => refusedBy('Node', difference) && /:[ \t]*chunked *\t/i.test(difference.bytes),
  },
  {
    reason: 'nginx takes a tab around a value for a part of it, and so refuses a length, a coding or a host',
    applies: (difference) => refusedBy('nginx', difference) && /: *\t|\t *\r\n/.test(difference.bytes),
  },
]

/** Whether the two differ, and may. */
export function isAllowed(difference: Difference): boolean {
  return allowances.some(({ applies }) => applies(difference))
}
