// Whether the fleet is in panic: load has come faster than the stable window can show it. The rule of the Knative autoscaler.
import type { AutoscaleOptions } from './options.ts'

/**
 * The last time that load was beyond the threshold; undefined: no panic, or no longer. It ends when that is more than a stable
 * window ago: then the stable window knows the surge.
 */
export function panicAt(
  lastMs: number | undefined,
  wanted: number,
  ready: number,
  nowMs: number,
  { panicThreshold, stableWindowMs }: AutoscaleOptions,
): number | undefined {
  if (wanted / Math.max(1, ready) >= panicThreshold) return nowMs
  return lastMs !== undefined && nowMs - lastMs <= stableWindowMs ? lastMs : undefined
}
