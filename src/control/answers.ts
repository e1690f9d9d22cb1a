// Reads the control server's answers: what came over a socket is checked before it is believed.
import * as v from 'valibot'
import { DroverError, isErrorCode, type ErrorCode } from '../base/errors.ts'
import type { FleetSnapshot } from './snapshot.ts'

export interface Killed {
  readonly id: string
  readonly pid: number
}

export interface Stopped {
  /** The primary, which ends once it has said so. */
  readonly pid: number
}

const count = v.pipe(v.number(), v.minValue(0))
const instanceState = v.picklist(['starting', 'ready', 'draining', 'stopping', 'backoff', 'stopped'])
const instance = v.object({
  id: v.string(),
  pid: v.nullable(count),
  port: v.nullable(count),
  version: v.string(),
  state: instanceState,
  inFlight: count,
  requests: count,
  restarts: count,
  uptimeMs: v.nullable(count),
})
/** Unknown keys are dropped, so that an older command line can read a newer fleet. */
const snapshot: v.GenericSchema<unknown, FleetSnapshot> = v.object({
  state: v.picklist(['starting', 'running', 'stopping']),
  pid: count,
  url: v.string(),
  version: v.string(),
  uptimeMs: count,
  parked: count,
  balancers: v.array(v.object({ pid: v.nullable(count), restarts: count })),
  instances: v.array(instance),
})
const killed: v.GenericSchema<unknown, Killed> = v.object({ id: v.string(), pid: count })
const stopped: v.GenericSchema<unknown, Stopped> = v.object({ pid: count })
const failure = v.object({ error: v.object({ code: v.string(), message: v.string() }) })

/** The answer's body as `schema` describes it. Throws what the server reported, or CONTROL_FAILED for gibberish. */
function read<T>(schema: v.GenericSchema<unknown, T>, status: number, body: string): T {
  const value = parseJson(body)
  if (status === 200) {
    const result = v.safeParse(schema, value)
    if (result.success) return result.output
    throw malformed(status, result.issues[0].message)
  }
  const result = v.safeParse(failure, value)
  if (!result.success) throw malformed(status, result.issues[0].message)
  throw new DroverError(knownCode(result.output.error.code), result.output.error.message)
}

export const readSnapshot = (status: number, body: string): FleetSnapshot => read(snapshot, status, body)
export const readKilled = (status: number, body: string): Killed => read(killed, status, body)
export const readStopped = (status: number, body: string): Stopped => read(stopped, status, body)

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    // Reported as malformed by the check of its shape.
    return undefined
  }
}

function knownCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'CONTROL_FAILED'
}

function malformed(status: number, reason: string): DroverError {
  return new DroverError('CONTROL_FAILED', `Cannot read the fleet's answer (status ${status}): ${reason}`)
}
