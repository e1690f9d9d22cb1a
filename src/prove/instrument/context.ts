// Which request is being answered, seen from anywhere in the app.
import { AsyncLocalStorage } from 'node:async_hooks'

export interface Context {
  /** As `AppEvent.request`. */
  readonly request: number
}

const boot: Context = { request: 0 }
let latest: Context = boot
let timers = -1
/** How many modules are being loaded, one for another. */
let loading = 0
const storage = new AsyncLocalStorage<Context>()
const openings = new WeakSet<Context>()

/** Where the context got lost, as in data events of a request, the latest request is taken. */
export function current(): Context {
  return loading > 0 ? boot : (storage.getStore() ?? latest)
}

export function runAs<R>(context: Context, task: () => R): R {
  if (context.request > 0) latest = context
  return storage.run(context, task)
}

/**
 * What a module does as it is loaded outlives the request that it may be loaded for, as frameworks load routes when they are first asked. What it
 * starts is not the boot's: servers would hand that on to all they answer.
 */
export function runAsBoot<R>(load: () => R): R {
  loading += 1
  try {
    return load()
  } finally {
    loading -= 1
  }
}

/** As `runAsBoot` until `leaveBoot`, for what runs without a pause and may throw. */
export function enterBoot(): void {
  loading += 1
  queueMicrotask(() => {
    loading = 0
  })
}

export function leaveBoot(): void {
  loading = Math.max(0, loading - 1)
}

/** The request opens a WebSocket. */
export function noteOpening(context: Context): void {
  openings.add(context)
}

/** As a WebSocket opens, and in what its opening started. */
export function isOpening(context: Context): boolean {
  return openings.has(context)
}

/** A run of a timer that belongs to no request. */
export function timerContext(): Context {
  return { request: --timers }
}

/** Before the first request of the driver, and not in a timer. */
export function isBoot({ request }: Context): boolean {
  return request === 0
}

/** The request in which something is born; timers before the first request are part of the boot. */
export function birthRequest(): number {
  const { request } = current()
  return request < -1 && latest === boot ? 0 : request
}
