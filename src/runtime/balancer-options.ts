// What the configuration of a fleet says to its balancers.
import type { BalancerOptions, EnforcedRoute } from '../balancer/messages.ts'
import type { FleetConfig } from '../config/options.ts'

/**
 * `marker`: the secret word by which instances say "not processed". `announced`: routes on which all instances say that they
 * enforce idempotency keys; what the configuration declares comes first.
 */
export function balancerOptions(
  config: FleetConfig,
  marker: string,
  announced: readonly EnforcedRoute[],
): BalancerOptions {
  const { tls, hedging, accessLog } = config
  return {
    reveal: config.reveal,
    trustForwarded: config.trustForwarded,
    proxyProtocol: config.proxyProtocol,
    limits: config.limits,
    enforcedRoutes: [...config.idempotentRoutes, ...announced],
    marker,
    ...(tls === undefined ? {} : { tls }),
    ...(hedging === undefined ? {} : { hedging }),
    ...(accessLog === undefined ? {} : { accessLog }),
  }
}
