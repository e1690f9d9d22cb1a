// Validators of the balancer's own options. Each message completes "wanted …".
import { isIP } from 'node:net'
import * as v from 'valibot'
import type { BalancerLimits } from '../balancer/limits.ts'
import type { EnforcedRoute, HedgingOptions } from '../balancer/messages.ts'
import { limitRules, type LimitRule } from './limit-options.ts'
import type { AdminAddress, TlsFiles } from './options.ts'
import { durationMs, numberBetween, sizeBytes, text, wholeNumber, type Schema } from './schema-parts.ts'

const wantedPair = 'a certificate and its key, both PEM files'
const wantedRoute = 'a path such as "/orders" or "/api/*", or { path, methods, mint }'
const wantedAddress = 'a port, or an address and a port such as "127.0.0.1:9090"'

export const tlsNames: readonly string[] = ['cert', 'key']
export const routeNames: readonly string[] = ['path', 'methods', 'mint']
export const hedgingNames: readonly string[] = ['quantile', 'share']
export const limitNames: readonly string[] = Object.keys(limitRules)

/** One is a list of one. */
export function tls(): Schema<readonly TlsFiles[]> {
  const file = text('a file', (path) => path !== '' && !path.includes('\0'))
  const pair = v.strictObject({ cert: file, key: file }, wantedPair)
  const toList = (value: unknown): unknown => (Array.isArray(value) ? value : [value])
  const list = v.pipe(v.array(pair, wantedPair), v.minLength(1, wantedPair), v.maxLength(100, 'at most 100'))
  return v.pipe(v.unknown(), v.transform(toList), list)
}

function isRoutePath(path: string): boolean {
  return /^\/[\x21-\x22\x24-\x29\x2b-\x3e\x40-\x7e]*\*?$/.test(path)
}

/** A path alone stands for a route without more to say. */
export function routes(): Schema<readonly EnforcedRoute[]> {
  const method = text('a method such as "POST"', (name) => /^[A-Z]{1,20}$/.test(name))
  const route = v.strictObject(
    {
      path: text('a path such as "/orders" or "/api/*"', isRoutePath),
      methods: v.exactOptional(v.array(method, 'a list of methods such as ["POST"]')),
      mint: v.exactOptional(v.boolean('true or false')),
    },
    wantedRoute,
  )
  const fromPath = (value: unknown): unknown => (typeof value === 'string' ? { path: value } : value)
  return v.array(v.pipe(v.unknown(), v.transform(fromPath), route), `a list of routes, each ${wantedRoute}`)
}

/** `true` asks for the defaults, which are the balancer's. */
export function hedging(): Schema<false | HedgingOptions> {
  const options = v.strictObject(
    {
      quantile: v.exactOptional(numberBetween(0.5, 0.9999)),
      share: v.exactOptional(numberBetween(0.001, 1)),
    },
    'true, false, or { quantile, share }',
  )
  const fromTrue = (value: unknown): unknown => (value === true ? {} : value)
  const isOff = (value: unknown): value is false => value === false
  return v.lazy((value) =>
    isOff(value) ? v.literal(false) : v.pipe(v.unknown(), v.transform(fromTrue), options),
  )
}

function valueOf({ kind, from, to }: LimitRule): Schema<number> {
  switch (kind) {
    case 'duration':
      return durationMs(from, to)
    case 'size':
      return sizeBytes(from, to)
    case 'count':
      return wholeNumber(from, to)
    case 'number':
      return numberBetween(from, to)
  }
}

/** Limits by the balancer's own names, in its units; only those that were given. */
export function limits(): Schema<Partial<BalancerLimits>> {
  const rules = Object.entries(limitRules)
  const schemas = Object.fromEntries(rules.map(([name, rule]) => [name, v.optional(valueOf(rule))]))
  const renamed = (given: Readonly<Record<string, number | undefined>>): Partial<BalancerLimits> =>
    Object.fromEntries(
      rules.flatMap(([name, { limit }]) => (given[name] === undefined ? [] : [[limit, given[name]]])),
    )
  return v.pipe(
    v.strictObject(schemas, 'names with values, such as { concurrency: 100 }'),
    v.transform(renamed),
  )
}

const addressPattern = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/

function splitAdmin(value: unknown): AdminAddress | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{1,5}$/.test(value)))
    return { host: '127.0.0.1', port: Number(value) }
  const { ipv6, host, port } = addressPattern.exec(typeof value === 'string' ? value : '')?.groups ?? {}
  const name = ipv6 ?? host
  if (name === undefined || (ipv6 !== undefined && isIP(ipv6) !== 6)) return undefined
  return /^[\w.:%-]+$/.test(name) ? { host: name, port: Number(port) } : undefined
}

/** A port alone is one on loopback: the pages are for whoever reaches them. */
export function adminAddress(): Schema<AdminAddress> {
  const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
  const address = v.object({ host: v.string(), port })
  return v.message(v.pipe(v.unknown(), v.transform(splitAdmin), address), wantedAddress)
}
