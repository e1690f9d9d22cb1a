// W3C Trace Context, levels 1 and 2: the `traceparent` of a request, read exactly or minted.
import type { RandomPool } from './random-pool.ts'

export interface Traceparent {
  /** The field as it goes to the instance. */
  readonly value: string
  /** 32 lowercase hexadecimal digits. */
  readonly traceId: string
}

/** Version, trace id, parent id, flags; a later version may add fields after them (section "Versioning of traceparent"). */
const format = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[\x21-\x7e]*)?$/
const noTraceId = '0'.repeat(32)
const noParentId = '0'.repeat(16)

/**
 * A client's traceparent, or undefined when the trace is to be begun anew. The balancer records no span, so it is no
 * parent: a valid field goes on as it came, flags and unknown later versions included (a "pass-through service").
 */
export function readTraceparent(value: string): Traceparent | undefined {
  const match = format.exec(value)
  if (match === null) return undefined
  const [, version, traceId, parentId, rest] = match
  if (version === 'ff' || traceId === undefined || traceId === noTraceId || parentId === noParentId) {
    return undefined
  }
  return version === '00' && rest !== undefined ? undefined : { value, traceId }
}

/** Bits of trace-flags: the caller may record the trace; its id is random in the last 7 bytes at least (level 2). */
const sampledFlag = 1
const randomFlag = 2

/**
 * Begins a trace. It is `sampled` unless said otherwise: the usual sampler of an instrumented app follows its parent, so
 * that an unsampled one from here would silence every trace of the app that it recorded before it had a balancer.
 */
export function mintTraceparent(random: RandomPool, sampled = true): Traceparent {
  const traceId = nonZero(random.hex(32), noTraceId)
  const parentId = nonZero(random.hex(16), noParentId)
  const flags = sampled ? sampledFlag | randomFlag : randomFlag
  return { value: `00-${traceId}-${parentId}-0${flags}`, traceId }
}

function nonZero(id: string, zero: string): string {
  return id === zero ? `${zero.slice(1)}1` : id
}
