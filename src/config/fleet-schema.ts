// Validators of the options that say how many instances there are and how they are watched and exchanged. Each message completes "wanted …".
import * as v from 'valibot'
import { maxInstances, maxSpares, maxTimeoutMs, type AutoscaleBounds, type DeployRules } from './options.ts'
import { durationMs, numberBetween, text, wholeNumber, type Schema } from './schema-parts.ts'

export const autoscaleNames: readonly string[] = ['min', 'max', 'concurrency']
export const deployNames: readonly string[] = ['surge', 'healthyTime', 'errorRate', 'latency']

export function autoscale(): Schema<AutoscaleBounds> {
  const bounds = v.strictObject(
    {
      min: v.exactOptional(wholeNumber(1, maxInstances)),
      max: wholeNumber(1, maxInstances),
      concurrency: v.exactOptional(wholeNumber(1, 100_000)),
    },
    `{ min, max, concurrency }, with max from 1 to ${maxInstances}`,
  )
  return v.pipe(
    bounds,
    v.check(({ min = 1, max }) => min <= max, 'min at most max'),
  )
}

/** Several seconds at least hold what the slowest of apps does in one turn of its event loop. */
export function hangTimeout(): Schema<number | false> {
  const isOff = (value: unknown): value is false => value === false || value === 'false'
  return v.lazy((value) =>
    isOff(value)
      ? v.pipe(
          v.unknown(),
          v.transform(() => false as const),
        )
      : durationMs(100, maxTimeoutMs),
  )
}

export function fingerprint(): Schema<readonly string[]> {
  const name = text('a name such as "DATABASE_URL"', (value) => /^[^=,\0\s]{1,200}$/.test(value))
  return v.array(name, 'a list of names of variables, such as ["DATABASE_URL"]')
}

export function deploy(): Schema<Partial<DeployRules>> {
  const options = v.strictObject(
    {
      surge: v.exactOptional(wholeNumber(1, maxSpares)),
      healthyTime: v.exactOptional(durationMs(0, maxTimeoutMs)),
      errorRate: v.exactOptional(numberBetween(0, 1)),
      latency: v.exactOptional(numberBetween(1, 1_000)),
    },
    '{ surge, healthyTime, errorRate, latency }',
  )
  return v.pipe(
    options,
    v.transform(({ healthyTime, ...rest }) => ({
      ...rest,
      ...(healthyTime === undefined ? {} : { healthyTimeMs: healthyTime }),
    })),
  )
}
