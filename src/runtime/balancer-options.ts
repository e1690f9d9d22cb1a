// What the configuration of a fleet says to its balancers.
import type { BalancerOptions } from '../balancer/messages.ts'
import type { FleetConfig } from '../config/options.ts'

/** `marker`: the secret word by which instances say "not processed". */
export function balancerOptions(config: FleetConfig, marker: string): BalancerOptions {
  const { tls, hedging, accessLog } = config
  return {
    reveal: config.reveal,
    trustForwarded: config.trustForwarded,
    proxyProtocol: config.proxyProtocol,
    limits: config.limits,
    enforcedRoutes: config.idempotentRoutes,
    marker,
    ...(tls === undefined ? {} : { tls }),
    ...(hedging === undefined ? {} : { hedging }),
    ...(accessLog === undefined ? {} : { accessLog }),
  }
}
