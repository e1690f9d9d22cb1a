// A store that comes to be with its first use, so that an app loads only the backend it names.
import { DroverError } from '../base/errors.ts'
import type { SaveOutcome, SessionChange, SessionIdentity, SessionRecord, SessionStore } from './store.ts'

/** Opens with `open` on the first call; a failure to open is that call's failure, and the next one tries again. */
export function deferredStore(open: () => Promise<SessionStore>): SessionStore {
  return new DeferredStore(open)
}

class DeferredStore implements SessionStore {
  readonly #open: () => Promise<SessionStore>
  #opening: Promise<SessionStore> | undefined
  #closed = false

  constructor(open: () => Promise<SessionStore>) {
    this.#open = open
  }

  async load(key: string): Promise<SessionRecord | undefined> {
    return (await this.#store()).load(key)
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    return (await this.#store()).create(key, record)
  }

  async save(key: string, change: SessionChange): Promise<SaveOutcome> {
    return (await this.#store()).save(key, change)
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
  ): Promise<SaveOutcome> {
    return (await this.#store()).replace(oldKey, newKey, identity, change)
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    return (await this.#store()).touch(key, idleDeadlineMs)
  }

  async delete(key: string): Promise<void> {
    return (await this.#store()).delete(key)
  }

  async close(): Promise<void> {
    this.#closed = true
    const opening = this.#opening
    if (opening === undefined) return
    const [opened] = await Promise.allSettled([opening])
    // One that failed to open has nothing to release; its failure went to the call that wanted it.
    if (opened.status === 'fulfilled') await opened.value.close()
  }

  #store(): Promise<SessionStore> {
    if (this.#closed) {
      return Promise.reject(new DroverError('STORE_UNAVAILABLE', 'Cannot use session store: it is closed'))
    }
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }
}
