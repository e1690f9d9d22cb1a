// How a program of the pains suite is to be set up: told by the benchmark in one word of JSON.
import { settings } from '../announce.ts'

export interface PainSettings {
  /** `redis://…` or `redis-cluster://…`; undefined: what the library does when it is given no store. */
  readonly store: string | undefined
  /** Whether the app wants Secure cookies. */
  readonly secure: boolean
  /** How long a session lives; undefined: the library's default. */
  readonly lifetimeMs: number | undefined
  /** Keep what was read in this process too, where the library can. */
  readonly nearCache: boolean
}

function readSettings(): PainSettings {
  const [text = '{}'] = settings
  const read: unknown = JSON.parse(text)
  const get = (name: keyof PainSettings): unknown =>
    typeof read === 'object' && read !== null ? Reflect.get(read, name) : undefined
  const store = get('store')
  const lifetimeMs = get('lifetimeMs')
  return {
    store: typeof store === 'string' ? store : undefined,
    secure: get('secure') === true,
    lifetimeMs: typeof lifetimeMs === 'number' ? lifetimeMs : undefined,
    nearCache: get('nearCache') === true,
  }
}

export const painSettings: PainSettings = readSettings()
export const secret = 'for the benchmark only, not a secret'
