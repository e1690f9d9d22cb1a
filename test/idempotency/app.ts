// The app that every framework is given, as one function, and what a framework has to bring.
import type { Idempotency } from '../../src/idempotency/index.ts'

export interface AppRequest {
  /** Without the query. */
  readonly path: string
}

export interface AppAnswer {
  readonly status: number
  /** A list: a field of its own for each. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Pieces are written one by one, as they come. */
  readonly body: string | AsyncIterable<string>
}

/** One that rejects is left to the framework's own error handling. */
export type App = (request: AppRequest) => Promise<AppAnswer>

export interface MountOptions {
  readonly policy: Idempotency
  readonly app: App
  /** Header `x-user`; a request without it has no principal. Default: 'anonymous'. */
  readonly principalFromHeader?: boolean
  readonly save?: () => unknown
}

export interface RunningApp {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Mounts the keys before `app` and listens on a free port. */
export type Mount = (options: MountOptions) => Promise<RunningApp>
