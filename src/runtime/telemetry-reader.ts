// Reads what an instance tells of itself: it comes from a process that may run another version of Drover, or none.
import type { AnnouncedRoute, InstanceState, InstanceTelemetry } from '../base/instance-telemetry.ts'
import { isMapping, type Mapping } from '../base/mapping.ts'

const states: Readonly<Record<InstanceState, true>> = {
  starting: true,
  serving: true,
  leaving: true,
  draining: true,
  closed: true,
}

/**
 * Undefined for anything that is not telemetry. A version of Drover that tells no routes announces none; a route that
 * cannot be understood is not announced either, since a licence must not rest on a guess (R1).
 */
export function readTelemetry(text: string): InstanceTelemetry | undefined {
  const value = parse(text)
  if (!isMapping(value) || !isState(value['state'])) return undefined
  const numbers = readNumbers(value)
  const fingerprint = readHashes(value['fingerprint'])
  if (numbers === undefined || fingerprint === undefined) return undefined
  return {
    ...numbers,
    state: value['state'],
    fingerprint,
    idempotentRoutes: readRoutes(value['idempotentRoutes']),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isState(value: unknown): value is InstanceState {
  return typeof value === 'string' && Object.hasOwn(states, value)
}

type Numbers = Omit<InstanceTelemetry, 'state' | 'fingerprint' | 'idempotentRoutes'>

function readNumbers(fields: Mapping): Numbers | undefined {
  const read = (name: keyof Numbers) => {
    const value = fields[name]
    return typeof value === 'number' && value >= 0 ? value : Number.NaN
  }
  const numbers: Numbers = {
    pid: read('pid'),
    uptimeMs: read('uptimeMs'),
    inFlight: read('inFlight'),
    upgraded: read('upgraded'),
    requests: read('requests'),
    refused: read('refused'),
    eventLoopUtilization: read('eventLoopUtilization'),
    eventLoopDelayP99Ms: read('eventLoopDelayP99Ms'),
    eventLoopDelayMaxMs: read('eventLoopDelayMaxMs'),
    rssBytes: read('rssBytes'),
    heapUsedBytes: read('heapUsedBytes'),
  }
  return Object.values(numbers).some(Number.isNaN) ? undefined : numbers
}

function readHashes(value: unknown): InstanceTelemetry['fingerprint'] | undefined {
  if (!isMapping(value)) return undefined
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(entries)
}

function readRoutes(value: unknown): readonly AnnouncedRoute[] {
  return Array.isArray(value) ? value.filter(isRoute) : []
}

function isRoute(value: unknown): value is AnnouncedRoute {
  if (!isMapping(value)) return false
  const { path, methods, mint } = value
  const isMethod = (name: unknown) => typeof name === 'string' && /^[A-Z]{1,20}$/.test(name)
  const hasMethods = Array.isArray(methods) && methods.length > 0 && methods.every(isMethod)
  return typeof path === 'string' && path.startsWith('/') && hasMethods && typeof mint === 'boolean'
}
