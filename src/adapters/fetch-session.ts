// The session of a fetch-style request, from Request to Response: for every framework whose handlers return a Response.
import type { OpenSession } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { privateCacheHeaders, sharedCacheHeaders } from './cache-headers.ts'
import { errorAnswer } from './error-answer.ts'
import type { ErrorAnswer } from './error-answer.ts'
import { Incoming, judgedMethod } from './incoming.ts'

/** What a Request does not tell of its client. */
export interface FetchClient {
  /** Asked only by a sign-in. */
  readonly ip: () => string | undefined
  readonly encrypted: boolean
}

/** One request and its answer. */
export interface FetchExchange<Data extends object> {
  readonly session: OpenSession<Data>
  /** Commits, then gives the response that leaves: the app's with what the session adds to it, or an error in its place. */
  readonly finish: (response: Response) => Promise<Response>
}

/** Opens the session of `request`, to be found again by `key`: the request itself, or what the framework makes of it. */
export function openFetchSession<Data extends object>(
  shop: Sessions<Data>,
  key: object,
  request: Request,
  { ip, encrypted }: FetchClient,
): FetchExchange<Data> {
  let headLeft = false
  const header = (name: string) => request.headers.get(name) ?? undefined
  const incoming = new Incoming({
    method: judgedMethod(request.method, header),
    header,
    ip,
    encrypted,
    headLeft: () => headLeft,
  })
  const session = shop.open(key, incoming)
  const finish = async (response: Response): Promise<Response> => {
    try {
      return await committed(session, response)
    } catch (error) {
      shop.report(error)
      void discardBody(response)
      return errorResponse(errorAnswer(error))
    } finally {
      headLeft = true
    }
  }
  return { session, finish }
}

export function isHttps(request: Request): boolean {
  return request.url.startsWith('https:')
}

export function errorResponse({ status, statusMessage, headers, body }: ErrorAnswer): Response {
  return new Response(body, { status, statusText: statusMessage, headers: { ...headers } })
}

async function committed<Data extends object>(
  session: OpenSession<Data>,
  response: Response,
): Promise<Response> {
  let cookies: readonly string[] = []
  if (session.pending()) {
    await session.commit()
    cookies = session.takeCookies()
  }
  return session.touched() ? privateResponse(response, cookies) : response
}

/** The answer depends on who asks: no shared cache may store it. */
export function privateResponse(response: Response, cookies: readonly string[]): Response {
  // The way to a WebSocket, as Deno and Cloudflare have it: no cache stores that, and only the runtime can make one.
  if (response.status === 101) return response
  // One without a body may be a constant that the app answers everybody with: it must not collect everybody's cookies.
  const own = response.body === null ? copyOf(response) : response
  try {
    makePrivate(own.headers, cookies)
    return own
  } catch {
    // Immutable headers, as those of a Response that fetch() gave.
    const copy = copyOf(own)
    makePrivate(copy.headers, cookies)
    return copy
  }
}

function copyOf(response: Response): Response {
  const { body, status, statusText } = response
  return new Response(body, { status, statusText, headers: new Headers(response.headers) })
}

/** The answer depends on a session: no shared cache may store it. */
function makePrivate(headers: Headers, cookies: readonly string[]): void {
  const given = {
    cacheControl: headers.get('cache-control') ?? undefined,
    vary: headers.get('vary') ?? undefined,
  }
  const { cacheControl, vary } = privateCacheHeaders(given, cookies.length > 0)
  // First of all, since it throws where headers are immutable, and then nothing may have been added yet.
  headers.set('vary', vary)
  headers.set('cache-control', cacheControl)
  for (const name of sharedCacheHeaders) headers.delete(name)
  for (const cookie of cookies) headers.append('set-cookie', cookie)
}

/** Whoever writes the body learns that nobody reads it. */
export async function discardBody(response: Response): Promise<void> {
  try {
    await response.body?.cancel()
  } catch {
    // It is locked, being sent elsewhere already, and then its reader ends it; or it broke, or was no valid response.
  }
}
