// Reads the feed of revocations in Redis, on a connection of its own over which the server tells that there is more.
import { livenessIntervalMs, mostRevocationsAtOnce, readRevocation } from '../revocations.ts'
import type { FeedPage } from '../revocations.ts'
import { readAddress } from './address.ts'
import type { InjectedRedisClient } from './commands.ts'
import { InjectedLink } from './injected-link.ts'
import type { RedisLink } from './link.ts'
import { linkOpener } from './open-link.ts'
import type { RedisSettings } from './options.ts'
import { Pulse } from './pulse.ts'
import { textsOf } from './reply.ts'
import { readScript, runScript } from './script.ts'
import type { TokenKeys } from './token-keys.ts'

const feedScript = readScript('token-feed')

/** A place in the feed: one in each of its two logs. */
export interface FeedPlace {
  readonly log: string
  readonly longLog: string
}

const beginning: FeedPlace = { log: '0-0', longLog: '0-0' }

export class RevocationFeed {
  /** How often it is to be read without being told anything, in milliseconds. */
  readonly intervalMs: number
  readonly #link: RedisLink
  readonly #keys: TokenKeys
  readonly #pulse: Pulse | undefined

  /** `onMore`: something may have been published. */
  constructor(
    urlOrClient: string | InjectedRedisClient,
    settings: RedisSettings,
    keys: TokenKeys,
    onMore: () => void,
  ) {
    this.#keys = keys
    if (typeof urlOrClient !== 'string') {
      this.#link = new InjectedLink(urlOrClient, settings.limits)
      this.intervalMs = settings.limits.watchIntervalMs
      return
    }
    const open = linkOpener({ ...settings, address: readAddress(urlOrClient) })
    const link = open({ isTracking: true, isUnrefed: true })
    link.observe({
      onChanged: (redisKey) => {
        if (redisKey === undefined || redisKey === keys.feed[2]) onMore()
      },
      onLost: onMore,
    })
    this.#link = link
    this.#pulse = new Pulse(link, settings.limits.heartbeatIntervalMs)
    this.intervalMs = livenessIntervalMs
  }

  /** What was published after a place. */
  async read(place: FeedPlace = beginning): Promise<FeedPage<FeedPlace>> {
    const [log, longLog, head] = this.#keys.feed
    const values = [place.log, place.longLog, String(mostRevocationsAtOnce / 2)]
    const reply = await this.#link.run('follow the revocations', async (redis) => {
      // Reading the head first makes the server tell of its next change, so that none falls between the two.
      const [, page] = await Promise.all([
        redis.get(head),
        runScript(redis, { script: feedScript, keys: [log, longLog], values }),
      ])
      return page
    })
    return pageOf(textsOf(reply))
  }

  async close(): Promise<void> {
    this.#pulse?.stop()
    await this.#link.close()
  }
}

function pageOf([log = '0-0', longLog = '0-0', more, ...entries]: readonly (
  | string
  | undefined
)[]): FeedPage<FeedPlace> {
  const revocations = []
  for (let at = 0; at + 1 < entries.length; at += 2)
    revocations.push(readRevocation(entries[at + 1] ?? '', Number(entries[at])))
  return { revocations, next: { log, longLog }, isMore: more === '1' }
}
