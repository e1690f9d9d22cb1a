// A rate limit before the routes of Express, Connect, or whatever calls (request, response, next).
import type { IncomingMessage, ServerResponse } from 'node:http'
import { countedAddress } from './client-address.ts'
import type { RateVerdict } from './headers.ts'

/** A request of node:http; Express adds the address that its 'trust proxy' finds. */
export type LimitedRequest = IncomingMessage & { readonly ip?: string | undefined }

/** What is put before the routes. Everything that fails goes to `next`. */
export type Limiting<Request extends LimitedRequest> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>

export function limiting<Request extends LimitedRequest>(
  check: (key: string) => Promise<RateVerdict>,
  keyOf: (request: Request) => string | undefined = clientOf,
): Limiting<Request> {
  return async (request, response, next) => {
    let isAllowed = true
    try {
      const key = keyOf(request)
      if (key !== undefined) isAllowed = tell(response, await check(key))
    } catch (error) {
      next(error)
      return
    }
    if (isAllowed) next()
  }
}

/** Undefined once the client is gone: there is nobody to limit. */
function clientOf({ ip, socket }: LimitedRequest): string | undefined {
  const address = ip ?? socket.remoteAddress
  return address === undefined ? undefined : countedAddress(address)
}

/** Sets the fields, and answers what is refused (RFC 6585 section 4). Whether the request may go on. */
function tell(response: ServerResponse, { allowed, headers }: RateVerdict): boolean {
  if (!response.headersSent) {
    for (const [name, value] of Object.entries(headers)) addField(response, name, value)
  }
  if (allowed) return true
  response.statusCode = 429
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.setHeader('cache-control', 'no-store')
  response.end('Too many requests: wait a little and try again\n')
  return false
}

/** Both fields are lists (draft section 3 and 4): a request may pass several limits, each of which tells of its own. */
function addField(response: ServerResponse, name: string, value: string): void {
  const before = response.getHeader(name)
  if (name === 'retry-after' || before === undefined) response.setHeader(name, value)
  else response.setHeader(name, `${String(before)}, ${value}`)
}
