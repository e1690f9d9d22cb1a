// A case of the corpus: the bytes of one client, and what must become of them.

/** How the instance must have seen a request that was forwarded. */
export interface Wanted {
  /** Method and target: "GET /a". */
  readonly line: string
  /** Default 'a'. */
  readonly host?: string
  /** Default none. */
  readonly body?: string
  /** Fields that must have come exactly so; undefined: that must not have come at all. Names in lower case. */
  readonly fields?: Readonly<Record<string, string | undefined>>
  /** Name, value, …. Default none. */
  readonly trailers?: readonly string[]
}

export type Expectation =
  /** No instance sees a whole request; the answer has one of these statuses and the connection ends with it. */
  | { readonly type: 'refused'; readonly statuses: readonly number[] }
  /** The instance sees exactly this, and the next request on the connection after it unless it is the last. */
  | { readonly type: 'forwarded'; readonly wanted: readonly Wanted[]; readonly isLast: boolean }
  /** The standard leaves it open: refused as above, or forwarded exactly so. */
  | { readonly type: 'either'; readonly statuses: readonly number[]; readonly wanted: readonly Wanted[] }

export interface Case {
  readonly name: string
  /** In latin1. */
  readonly bytes: string
  readonly expected: Expectation
}

/** Status 400 unless others are named. */
export function refused(...statuses: readonly number[]): Expectation {
  return { type: 'refused', statuses: statuses.length === 0 ? [400] : statuses }
}

export function forwarded(...wanted: readonly Wanted[]): Expectation {
  return { type: 'forwarded', wanted, isLast: false }
}

/** Forwarded as the last request of its connection. */
export function forwardedLast(wanted: Wanted): Expectation {
  return { type: 'forwarded', wanted: [wanted], isLast: true }
}

export function refusedOr(wanted: Wanted): Expectation {
  return { type: 'either', statuses: [400], wanted: [wanted] }
}

export type Rows = Readonly<Record<string, readonly [bytes: string, expected: Expectation]>>

export function casesOf(rows: Rows): Case[] {
  return Object.entries(rows).map(([name, [bytes, expected]]) => ({ name, bytes, expected }))
}

/** A POST with these lines after its Host, and this behind its head. */
export function post(lines: string, body: string): string {
  return `POST /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`
}

/** A GET with these lines after its Host. */
export function get(lines: string): string {
  return `GET /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n`
}

/** A POST in chunks: what follows its head. */
export function chunks(body: string): string {
  return post('Transfer-Encoding: chunked\r\n', body)
}
