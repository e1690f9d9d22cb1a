// Reads the control server's answers: what came over a socket is checked before it is believed.
import * as v from 'valibot'
import { DroverError, isErrorCode, type ErrorCode } from '../base/errors.ts'
import type { Reloaded } from './commands.ts'
import { historyOutcomes, type HistoryEntry } from './deploying.ts'
import { balancerStates, instanceStates, type FleetSnapshot, type Scale } from './snapshot.ts'

export interface Killed {
  readonly id: string
  readonly pid: number
}

export interface Stopped {
  /** The primary, which ends once it has said so. */
  readonly pid: number
}

const count = v.pipe(v.number(), v.minValue(0))
const instance = v.object({
  id: v.string(),
  pid: v.nullable(count),
  port: v.nullable(count),
  version: v.string(),
  state: v.picklist(instanceStates),
  isSpare: v.optional(v.boolean(), false),
  inFlight: count,
  requests: count,
  failures: v.optional(count, 0),
  errors: v.optional(count, 0),
  p99Ms: v.optional(v.nullable(count), null),
  ejected: v.optional(v.boolean(), false),
  restarts: count,
  uptimeMs: v.nullable(count),
})
const balancer = v.object({
  pid: v.nullable(count),
  restarts: count,
  state: v.optional(v.picklist(balancerStates), 'serving'),
})
const scale: v.GenericSchema<unknown, Scale> = v.object({
  instances: count,
  autoscale: v.nullable(v.object({ min: count, max: count })),
})
/** Unknown keys are dropped and later ones have defaults, so that command line and fleet may be of different versions. */
const snapshot: v.GenericSchema<unknown, FleetSnapshot> = v.object({
  state: v.picklist(['starting', 'running', 'stopping']),
  pid: count,
  url: v.string(),
  admin: v.optional(v.nullable(v.string()), null),
  version: v.string(),
  scale: v.optional(scale, { instances: 0, autoscale: null }),
  deploy: v.optional(v.nullable(v.object({ version: v.string(), number: count })), null),
  uptimeMs: count,
  parked: count,
  balancers: v.array(balancer),
  instances: v.array(instance),
})
const killed: v.GenericSchema<unknown, Killed> = v.object({ id: v.string(), pid: count })
const drained: v.GenericSchema<unknown, { readonly id: string }> = v.object({ id: v.string() })
const aborted: v.GenericSchema<unknown, { readonly version: string | null }> = v.object({
  version: v.nullable(v.string()),
})
const versions: v.GenericSchema<unknown, { readonly versions: readonly HistoryEntry[] }> = v.object({
  versions: v.array(
    v.object({
      number: count,
      version: v.string(),
      dir: v.string(),
      command: v.array(v.string()),
      startedAtMs: v.number(),
      endedAtMs: v.nullable(v.number()),
      outcome: v.picklist(historyOutcomes),
      reason: v.nullable(v.string()),
      isCurrent: v.boolean(),
    }),
  ),
})
const stopped: v.GenericSchema<unknown, Stopped> = v.object({ pid: count })
const reloaded: v.GenericSchema<unknown, Reloaded> = v.object({
  applied: v.array(v.string()),
  restart: v.array(v.string()),
  certificates: v.boolean(),
  replaced: count,
  cut: count,
})
const failure = v.object({ error: v.object({ code: v.string(), message: v.string() }) })

/** The answer's body as `schema` describes it. Throws what the server reported, or CONTROL_FAILED for gibberish. */
function read<T>(schema: v.GenericSchema<unknown, T>, status: number, body: string): T {
  if (status !== 200) throw reportedError(status, body)
  const result = v.safeParse(schema, parseJson(body))
  if (result.success) return result.output
  throw malformed(status, result.issues[0].message)
}

/** The error of an answer that is one. */
export function reportedError(status: number, body: string): DroverError {
  const value = parseJson(body)
  const error = readFailure(value)
  if (error === undefined) return malformed(status, 'wanted an error of the fleet')
  const isUnknownThere = (status === 404 || status === 405) && error.code === 'CONTROL_FAILED'
  return isUnknownThere ? olderFleet(error) : error
}

/** What a fleet answers that has no such request. */
function olderFleet(cause: DroverError): DroverError {
  const message =
    'Cannot do that: the fleet runs an older Drover, which has no such command, until drover up is started again'
  return new DroverError('CONTROL_FAILED', message, { cause })
}

/** The error that `value` tells of; undefined when it is something else. */
export function readFailure(value: unknown): DroverError | undefined {
  const result = v.safeParse(failure, value)
  if (!result.success) return undefined
  return new DroverError(knownCode(result.output.error.code), result.output.error.message)
}

export const readSnapshot = (status: number, body: string): FleetSnapshot => read(snapshot, status, body)
export const readKilled = (status: number, body: string): Killed => read(killed, status, body)
export const readReloaded = (status: number, body: string): Reloaded => read(reloaded, status, body)
export const readScale = (status: number, body: string): Scale => read(scale, status, body)
export const readDrained = (status: number, body: string): { readonly id: string } =>
  read(drained, status, body)
export const readAborted = (status: number, body: string): { readonly version: string | null } =>
  read(aborted, status, body)
export const readHistory = (status: number, body: string): readonly HistoryEntry[] =>
  read(versions, status, body).versions
export const readStopped = (status: number, body: string): Stopped => read(stopped, status, body)

/** Metrics are text; only a failure is JSON. */
export function readMetrics(status: number, body: string): string {
  if (status === 200) return body
  throw reportedError(status, body)
}

/** Undefined when it is no JSON, as the check of its shape will say. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function knownCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'CONTROL_FAILED'
}

function malformed(status: number, reason: string): DroverError {
  return new DroverError('CONTROL_FAILED', `Cannot read the fleet's answer (status ${status}): ${reason}`)
}
