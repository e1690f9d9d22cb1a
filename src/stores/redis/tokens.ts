// The TokenStore port on Redis: one script each, so each call is atomic; in a Cluster, where the feed rests elsewhere, what a
// call revokes is published by a second one.
import { familyTag } from '../../tokens/token-store.ts'
import type {
  FamilyTurn,
  KeyRingRecord,
  LiveFamily,
  Revocation,
  RevocationFollower,
  TokenFamily,
  TokenStore,
  TurnOutcome,
} from '../../tokens/token-store.ts'
import { wholeDeadlineMs } from '../deadlines.ts'
import { readRevocation, RevocationTails } from '../revocations.ts'
import { unavailable } from '../unavailable.ts'
import { timeText } from './calls.ts'
import type { InjectedRedisClient } from './commands.ts'
import { readOptions } from './options.ts'
import type { RedisSettings } from './options.ts'
import { PlainLink } from './plain-link.ts'
import type { PlainRedisOptions } from './plain-link.ts'
import { textOf, textsOf } from './reply.ts'
import { RevocationFeed } from './revocation-feed.ts'
import type { FeedPlace } from './revocation-feed.ts'
import { readScript } from './script.ts'
import type { Script } from './script.ts'
import { TokenKeys } from './token-keys.ts'

const family = readScript('token-family').source
const scripts = {
  create: withFamily('token-create'),
  load: withFamily('token-load'),
  advance: withFamily('token-advance'),
  end: withFamily('token-end'),
  endAll: withFamily('token-end-all'),
  publish: withFamily('token-publish'),
  loadRing: readScript('token-ring-load'),
  saveRing: readScript('token-ring-save'),
} satisfies Readonly<Record<string, Script>>

function withFamily(name: string): Script {
  return readScript(name, family)
}

/** What every key begins with, unless `keyPrefix` says otherwise. */
const defaultKeyPrefix = 'drover:token:'

/**
 * Key rings, token families and revocations in Redis 6.2 or newer, reached as `redisSessionStore` takes it. Where there are replicas, one has
 * each sign-in, turn and revocation before it counts, so that a failover brings no ended token back. Revocations by others are told by
 * Redis within milliseconds over a connection of the store's own; through an injected client they are looked for every
 * `watchIntervalMs` (default here: 50). A server that is restarted without persistence, or evicts keys, forgets them all.
 */
export function redisTokenStore(
  urlOrClient: string | InjectedRedisClient,
  options: PlainRedisOptions = {},
): TokenStore {
  const settings = readOptions({ keyPrefix: defaultKeyPrefix, watchIntervalMs: 50, ...options })
  return new RedisTokenStore(urlOrClient, settings)
}

class RedisTokenStore implements TokenStore {
  readonly #link: PlainLink
  readonly #keys: TokenKeys
  readonly #tails = new RevocationTails()
  readonly #openFeed: () => RevocationFeed
  readonly #settings: RedisSettings
  #feed: RevocationFeed | undefined
  #isClosed = false

  constructor(urlOrClient: string | InjectedRedisClient, settings: RedisSettings) {
    this.#settings = settings
    this.#link = new PlainLink(urlOrClient, settings)
    this.#keys = new TokenKeys(settings.keyPrefix)
    this.#openFeed = () =>
      new RevocationFeed(urlOrClient, settings, this.#keys, () => {
        this.#tails.wake()
      })
  }

  async loadKeys(ring: string): Promise<KeyRingRecord | undefined> {
    const reply = await this.#run('load the key ring', scripts.loadRing, [this.#keys.ring(ring)], [])
    const [version, text] = textsOf(reply)
    return version === undefined || text === undefined ? undefined : { version: Number(version), text }
  }

  async saveKeys(ring: string, version: number, text: string): Promise<boolean> {
    const keys = [this.#keys.ring(ring)]
    return (
      Number(await this.#confirm('save the key ring', scripts.saveRing, keys, [String(version), text])) === 1
    )
  }

  async createFamily(
    key: string,
    { text, idleDeadlineMs, absoluteDeadlineMs }: TokenFamily,
  ): Promise<number> {
    const values = [this.#link.now(), text, timeText(idleDeadlineMs), timeText(absoluteDeadlineMs)]
    return Number(
      textOf(await this.#confirm('begin a token family', scripts.create, this.#keys.family(key), values)),
    )
  }

  async loadFamily(key: string): Promise<LiveFamily | undefined> {
    const doing = 'load the token family'
    const reply = textsOf(await this.#run(doing, scripts.load, this.#keys.family(key), [this.#link.now()]))
    return reply[0] === 'live' ? familyOf(reply) : undefined
  }

  async advanceFamily(key: string, turn: FamilyTurn): Promise<TurnOutcome> {
    const { generation, graceMs, idleDeadlineMs, revokedUntilMs } = turn
    const doing = 'advance the token family'
    const times = [String(graceMs), timeText(idleDeadlineMs), timeText(revokedUntilMs)]
    const values = [this.#link.now(), String(generation), ...times, key]
    const keys = [...this.#keys.family(key), ...this.#feedHere()]
    const reply = textsOf(await this.#confirm(doing, scripts.advance, keys, values))
    const [status, , , , , , revocation = ''] = reply
    if (status === 'gone') return { status }
    if (status !== 'advanced' && status !== 'repeated' && status !== 'replayed')
      throw unavailable(doing, 'the script answered something else')
    await this.#publish(doing, revocation, revokedUntilMs)
    return { status, family: familyOf(reply) }
  }

  async endFamily(key: string, revokedUntilMs: number): Promise<void> {
    const doing = 'end the token family'
    const values = [this.#link.now(), timeText(revokedUntilMs), key]
    const [familyKey] = this.#keys.family(key)
    const reply = await this.#confirm(doing, scripts.end, [familyKey, ...this.#feedHere()], values)
    await this.#publish(doing, textOf(reply) ?? '', revokedUntilMs)
  }

  async endFamilies(tag: string, revokedUntilMs: number, exceptKey?: string): Promise<Revocation> {
    const doing = 'end the token families'
    const markKey = this.#keys.mark(tag)
    const spared = exceptKey !== undefined && familyTag(exceptKey) === tag ? exceptKey : ''
    const sparedKey = spared === '' ? markKey : this.#keys.family(spared)[0]
    const values = [this.#link.now(), timeText(revokedUntilMs), tag, spared]
    const keys = [markKey, sparedKey, ...this.#feedHere()]
    const [revocation = '', unpublished = ''] = textsOf(
      await this.#confirm(doing, scripts.endAll, keys, values),
    )
    await this.#publish(doing, unpublished, revokedUntilMs)
    return readRevocation(revocation, wholeDeadlineMs(revokedUntilMs))
  }

  follow(follower: RevocationFollower): () => void {
    if (this.#isClosed) return () => undefined
    const feed = (this.#feed ??= this.#openFeed())
    const { clock } = this.#settings
    const read = (place: FeedPlace | undefined) => feed.read(place)
    return this.#tails.start({ read, follower, clock, intervalMs: feed.intervalMs })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#tails.close()
    await Promise.all([this.#feed?.close(), this.#link.close()])
  }

  /** The feed's keys, for a script whose other keys rest beside them. */
  #feedHere(): readonly string[] {
    return this.#link.isCluster ? [] : this.#keys.feed
  }

  /** What a script could not. The family has ended by then; if this fails, a repeated end publishes it. */
  async #publish(doing: string, revocation: string, untilMs: number): Promise<void> {
    if (revocation === '') return
    const values = [this.#link.now(), timeText(untilMs), revocation]
    await this.#confirm(doing, scripts.publish, this.#keys.feed, values)
  }

  #run(doing: string, script: Script, keys: readonly string[], values: readonly string[]): Promise<unknown> {
    return this.#link.call(doing, { script, keys, values })
  }

  #confirm(
    doing: string,
    script: Script,
    keys: readonly string[],
    values: readonly string[],
  ): Promise<unknown> {
    return this.#link.callConfirmed(doing, { script, keys, values })
  }
}

/** Of an answer of token-family.lua. */
function familyOf(reply: readonly (string | undefined)[]): LiveFamily {
  const [, text = '', generation, mark, idle, absolute] = reply
  return {
    text,
    generation: Number(generation),
    mark: Number(mark),
    idleDeadlineMs: Number(idle),
    absoluteDeadlineMs: Number(absolute),
  }
}
