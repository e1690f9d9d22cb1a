// What the suite asks of an adapter under test: to serve an app that is written for no framework in particular.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session, Sessions } from '../../src/index.ts'
import { listen } from '../support/free-port.ts'

/** What the app's sessions keep. */
export interface Shop {
  cart?: { sku: string; quantity: number }[]
  theme?: string
}

/** A request as the app sees it. */
export interface Visit {
  readonly method: string
  readonly path: string
  /** The session of the first of the mounted shops. */
  readonly session: Session<Shop>
  readonly sessionOf: (shop: Sessions<Shop>) => Session<Shop>
  /** The response of node:http, where there is one: asking for it takes the answer out of the framework's hands. */
  readonly res: ServerResponse
}

export type Chunks = AsyncIterable<string>

/** An answer, to be given in the framework's own way. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  /** Text is sent whole, chunks as they come. */
  readonly body?: string | Chunks
  /** Answers 302, by the framework's own function for it. */
  readonly redirect?: string
}

/** Undefined: the handler has answered by `visit.res`. */
export type Handler = (visit: Visit) => Reply | undefined | Promise<Reply | undefined>

/** What the framework has to tell of a request; the rest of a `Visit` follows from it. */
export type Asked = Pick<Visit, 'method' | 'path' | 'sessionOf'> & { readonly res?: () => ServerResponse }

export interface Mount {
  /** To be mounted in this order; the same one twice is mounted twice. */
  readonly shops: readonly Sessions<Shop>[]
  readonly handle: (asked: Asked) => Promise<Reply | undefined>
  /** Whether X-Forwarded-Proto and X-Forwarded-For are to be believed. */
  readonly trustProxy: boolean
}

export interface Served {
  readonly port: number
  readonly close: () => Promise<void>
}

export interface Adapter {
  readonly name: string
  /** Handlers return a Response, so that no body is begun before the save. */
  readonly returnsResponse?: true
  readonly serve: (mount: Mount) => Promise<Served>
}

/** Heads of more than the 16 KB that Node takes otherwise, for hostile cookies. */
export const maxHeaderSize = 131_072

/** Serves a listener of node:http on a free port. */
export async function serveListener(
  listener: (req: IncomingMessage, res: ServerResponse) => unknown,
): Promise<Served> {
  const server = createServer({ maxHeaderSize }, (req, res) => void listener(req, res))
  const port = await listen(server)
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port, close }
}
