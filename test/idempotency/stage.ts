// A running app with idempotency keys, its store, and what became of it.
import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { idempotency } from '../../src/idempotency/index.ts'
import type { IdempotencyOptions, IdempotencyStore } from '../../src/idempotency/index.ts'
import { DroverError } from '../../src/base/errors.ts'
import { memoryIdempotencyStore } from '../../src/stores/memory/index.ts'
import type { App, Mount, MountOptions } from './app.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Stage {
  readonly url: string
  /** POST of JSON. */
  readonly post: (path: string, given?: PostOptions) => Promise<Answer>
  /** What was reported. */
  readonly errors: readonly unknown[]
}

export interface PostOptions {
  readonly key?: string | undefined
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly signal?: AbortSignal
}

export type StageOptions = Partial<IdempotencyOptions> & Omit<Partial<MountOptions>, 'policy' | 'app'>

export async function stage(
  t: TestContext,
  mount: Mount,
  app: App,
  options: StageOptions = {},
): Promise<Stage> {
  const { principalFromHeader, save, ...rest } = options
  const errors: unknown[] = []
  const policy = idempotency({
    store: memoryIdempotencyStore(),
    onError: (error) => errors.push(error),
    environment: {},
    ...rest,
  })
  const running = await mount({
    policy,
    app,
    ...(principalFromHeader === undefined ? {} : { principalFromHeader }),
    ...(save === undefined ? {} : { save }),
  })
  t.after(running.close)
  return { url: running.url, post: (path, given) => postTo(running.url + path, given), errors }
}

export async function postTo(url: string, given: PostOptions = {}): Promise<Answer> {
  const { key, body = '{"item":"mug"}', headers = {}, method = 'POST', signal = null } = given
  const response = await fetch(url, {
    method,
    ...(method === 'GET' ? {} : { body }),
    headers: {
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...headers,
    },
    signal,
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** A key never used before. */
export function newKey(): string {
  return `"${randomUUID()}"`
}

/** The code of one of our own answers. */
export function codeOf({ text }: Answer): unknown {
  const { error }: { error?: { code?: unknown } } = JSON.parse(text)
  return error?.code
}

/** A store whose named methods fail. */
export function failing(...methods: readonly (keyof IdempotencyStore)[]): IdempotencyStore {
  const right = memoryIdempotencyStore()
  const down = () =>
    Promise.reject(new DroverError('STORE_UNAVAILABLE', 'Cannot reach the store: it is down'))
  return {
    reserve: (...args) => right.reserve(...args),
    complete: (...args) => right.complete(...args),
    renew: (...args) => right.renew(...args),
    release: (...args) => right.release(...args),
    close: () => right.close(),
    ...Object.fromEntries(methods.map((method) => [method, down])),
  }
}

/** Something that happens when the test says so. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
