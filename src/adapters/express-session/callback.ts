// The callbacks of express-session's API.

/**
 * What an app hands to `save`, `destroy`, `reload` and `regenerate`. Taken from a method, so that a callback which names a
 * narrower error fits, as it does with express-session's own types.
 */
export type SessionCallback = { method(error?: NodeJS.ErrnoException | null): void }['method']

/** The same as a store calls it: with anything. */
export type Done = { method(error?: unknown): void }['method']
