// `drover/config`: types `drover.config.ts`, so that an editor completes and checks it.
import type { DroverConfig } from './options.ts'

export type { EnforcedRoute, HedgingOptions } from '../balancer/messages.ts'
export type { Duration } from '../base/durations.ts'
export type { LimitOptions } from './limit-options.ts'
export type { DroverConfig, TlsFiles } from './options.ts'
export type { Size } from './size.ts'

/**
 * Gives the options of `drover up` their types and hands them back untouched; they are validated when `drover up` reads the file.
 *
 * ```ts
 * import { defineConfig } from 'drover/config'
 *
 * export default defineConfig({ command: ['node', 'server.ts'], instances: 3, health: '/health' })
 * ```
 */
export function defineConfig<const T extends DroverConfig>(config: T): T {
  return config
}
