// Opens a link to wherever an address leads. Nothing connects before its first use.
import type { RedisAccess, RedisAddress, RedisNode } from './address.ts'
import { loadRedisPackage, redisConnector } from './client.ts'
import type { ClientSettings, ConnectRedis, RedisPackage } from './client.ts'
import { ClusterLink } from './cluster-link.ts'
import type { RedisLimits } from './defaults.ts'
import type { TrackingLink } from './link.ts'
import { OwnedLink } from './owned-link.ts'
import { SentinelView } from './sentinel-view.ts'
import { sentinelConnector } from './sentinel.ts'

export interface OpenLinkSettings {
  readonly address: RedisAddress
  readonly sentinelAccess: Pick<RedisAccess, 'username' | 'password'>
  readonly limits: RedisLimits
  readonly random: () => number
}

/** What a link is for. */
export interface LinkPurpose {
  /** Whether the servers tell which keys changed after they were read. */
  readonly isTracking: boolean
  /** Whether its connections let the process end. */
  readonly isUnrefed: boolean
}

/** Links that are opened by one opener share what they know of Sentinels. */
export type OpenLink = (purpose: LinkPurpose) => TrackingLink

export function linkOpener(settings: OpenLinkSettings): OpenLink {
  const { address } = settings
  if (address.kind === 'single') return (purpose) => toServer(address.url, settings, purpose)
  const limits = { ...settings.limits, maxReconnectPauseMs: settings.limits.maxFailoverPauseMs }
  return address.kind === 'sentinel'
    ? primaryOpener(address, { ...settings, limits })
    : (purpose) => toCluster(address, { ...settings, limits }, purpose)
}

function primaryOpener(
  address: Extract<RedisAddress, { kind: 'sentinel' }>,
  settings: OpenLinkSettings,
): OpenLink {
  const { limits, sentinelAccess } = settings
  // A view that lets the process end while it looks is of no use to whoever waits for its answer.
  const views: [refed?: SentinelView, unrefed?: SentinelView] = []
  return (purpose) =>
    ownedLink(settings, (redis) => {
      const { isUnrefed } = purpose
      const view = (views[isUnrefed ? 1 : 0] ??= new SentinelView({
        redis,
        address,
        sentinelAccess,
        limits,
        isUnrefed,
      }))
      return sentinelConnector({ ...purpose, redis, view, access: address.access, limits })
    })
}

function toCluster(
  address: Extract<RedisAddress, { kind: 'cluster' }>,
  settings: OpenLinkSettings,
  purpose: LinkPurpose,
): ClusterLink {
  const openNode = (node: RedisNode) => toServer({ node, access: address.access }, settings, purpose)
  return new ClusterLink({ ...settings, address, openNode })
}

function toServer(
  server: ClientSettings['server'],
  settings: OpenLinkSettings,
  purpose: LinkPurpose,
): OwnedLink {
  return ownedLink(settings, (redis) => redisConnector(redis, { server, ...purpose }, settings.limits))
}

function ownedLink(
  { limits, random }: OpenLinkSettings,
  connectorOf: (redis: RedisPackage) => ConnectRedis,
): OwnedLink {
  return new OwnedLink({ loadConnector: async () => connectorOf(await loadRedisPackage()), limits, random })
}
