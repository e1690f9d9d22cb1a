// Notices the ends of watched sessions: told by PostgreSQL which keys were left, it looks where their
// sessions are by now.
import type { Clock } from '../../base/clock.ts'
import type { WatchingStore } from '../../session/store.ts'
import { Watchers } from '../watchers.ts'
import type { Whereabouts } from '../watchers.ts'
import { mostHops } from './defaults.ts'
import { Listener } from './listener.ts'
import type { ListenerSettings } from './listener.ts'
import type { Names, Run } from './statements.ts'

export interface PostgresWatchSettings extends Pick<ListenerSettings, 'connect' | 'limits' | 'random'> {
  readonly names: Names
  readonly run: Run
  readonly clock: Clock
}

/** As many advisory locks as `notify` in statements.ts tries. */
export const stripes = 16

export class PostgresWatch implements WatchingStore {
  readonly #run: Run
  readonly #clock: Clock
  readonly #listener: Listener
  readonly #watchers: Watchers
  /** Whether sessions may have been left without this server being told. */
  #isUnsure = false
  #isClosed = false

  constructor({ run, clock, names, ...listening }: PostgresWatchSettings) {
    this.#run = run
    this.#clock = clock
    const haveAnyLeft = () => {
      const wasUnsure = this.#isUnsure
      this.#isUnsure = false
      return Promise.resolve(wasUnsure)
    }
    this.#watchers = new Watchers({ haveAnyLeft, find: (keys) => this.find(keys) }, clock)
    this.#listener = new Listener({
      ...listening,
      channel: names.channel,
      // The locks first: whoever ends a session after them tells, whoever ended one before has committed it by now.
      prologue: lockSql(names),
      // Of a key that was left, or of a tag and its dot.
      onTold: (prefix) => this.#watchers.left(prefix),
      onUnsure: () => {
        this.#isUnsure = true
        this.#watchers.lookSoon()
      },
    })
  }

  watch(key: string, onEnd: () => void): () => void {
    if (this.#isClosed) return () => undefined
    const unwish = this.#listener.wish()
    const stop = this.#watchers.watch(key, () => {
      unwish()
      onEnd()
    })
    return () => {
      unwish()
      stop()
    }
  }

  /**
   * Where those of `keys` that are alive are by now. Follows renewals even where their forwarding is over: a renewal is no
   * end, however late it is noticed.
   */
  async find(keys: readonly string[]): Promise<ReadonlyMap<string, Whereabouts>> {
    const nowMs = Math.trunc(this.#clock.now())
    const found = new Map<string, Whereabouts>()
    let asked = new Map(keys.map((key) => [key, [key]]))
    for (let hop = 0; hop < mostHops && asked.size > 0; hop += 1) {
      const { rows } = await this.#run('look at watched sessions', 'find', [[...asked.keys()], nowMs])
      const next = new Map<string, string[]>()
      for (const [key, successor, idleMs] of rows) {
        const watched = asked.get(key ?? '') ?? []
        if (typeof successor === 'string') next.set(successor, [...(next.get(successor) ?? []), ...watched])
        else for (const one of watched) found.set(one, { key: key ?? '', idleDeadlineMs: Number(idleMs) })
      }
      asked = next
    }
    return found
  }

  close(): void {
    this.#isClosed = true
    this.#watchers.close()
    this.#listener.close()
  }
}

function lockSql({ lockClass }: Names): string {
  return `SELECT pg_advisory_lock_shared(${lockClass}, stripe) FROM generate_series(0, ${stripes - 1}) AS stripe`
}
