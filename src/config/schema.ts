// The one set of validators behind flags and config file. Each message completes "wanted …".
import { isIP } from 'node:net'
import * as v from 'valibot'
import { epochVariable, instanceVariable, markerVariable, portVariable } from '../base/wire.ts'
import {
  adminAddress,
  hedging,
  hedgingNames,
  limits,
  limitNames,
  routeNames,
  routes,
  tls,
  tlsNames,
} from './balancer-schema.ts'
import { autoscale, deploy, deployNames, autoscaleNames, fingerprint, hangTimeout } from './fleet-schema.ts'
import { maxBalancers, maxInstances, maxSpares, maxTimeoutMs } from './options.ts'
import type { OptionName, ValidOptions } from './options.ts'
import { durationMs, numberBetween, sizeBytes, text, wholeNumber, type Schema } from './schema-parts.ts'

const hostPattern = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i
const labelPattern = /^[\w.+@/-]{1,64}$/
// Printable ASCII without spaces: what a request line can carry (RFC 9112 section 3.2).
const pathPattern = /^\/[\x21-\x22\x24-\x7e]*$/
const variablePattern = /^[^=\0]+$/
/** Drover sets these for each instance; one value for all of them would break the fleet. */
const ownVariables: readonly string[] = [portVariable, instanceVariable, epochVariable, markerVariable]
const wantedVariables = `other names than ${ownVariables.slice(0, -1).join(', ')} and ${markerVariable}`

function folder(wanted: string): Schema<string> {
  return text(wanted, (value) => value !== '' && !value.includes('\0'))
}

function yesOrNo(): Schema<boolean> {
  return v.message(v.boolean(), 'true or false')
}

function timeout(): Schema<number> {
  return durationMs(1, maxTimeoutMs)
}

function isRunnable(words: string[]): boolean {
  return words[0] !== undefined && words[0] !== '' && !words.some((word) => word.includes('\0'))
}

function commandLine(): Schema<readonly string[]> {
  return v.message(
    v.pipe(v.array(v.string()), v.check(isRunnable)),
    'a program and its arguments as a list, such as ["node", "server.ts"]',
  )
}

function variables(): Schema<Readonly<Record<string, string | undefined>>> {
  const wanted = 'names with text, such as { LOG_LEVEL: "info" }'
  const value = v.optional(text('text', (content) => !content.includes('\0')))
  const record = v.message(v.record(v.string(), value), wanted)
  return v.pipe(
    record,
    v.check((env) => Object.keys(env).every((name) => variablePattern.test(name)), wanted),
    v.check(
      (env) => !ownVariables.some((name) => name in env),
      `${wantedVariables}, which Drover gives to each instance itself`,
    ),
  )
}

function isInstanceId(id: string): boolean {
  return /^[1-9]\d?$/.test(id) && Number(id) <= maxInstances
}

function weights(): Schema<Readonly<Record<string, number>>> {
  const wanted = `the ids of instances, 1 to ${maxInstances}, with numbers, such as { "1": 2 }`
  return v.pipe(
    v.record(v.string(), numberBetween(0.01, 100), wanted),
    v.check((weightOf) => Object.keys(weightOf).every(isInstanceId), wanted),
  )
}

const schemas: { readonly [Name in OptionName]: Schema<ValidOptions[Name]> } = {
  command: v.optional(commandLine()),
  instances: v.optional(wholeNumber(1, maxInstances)),
  spares: v.optional(wholeNumber(0, maxSpares)),
  autoscale: v.optional(autoscale()),
  maxMemory: v.optional(sizeBytes(16 * 1024 ** 2, 1024 ** 4)),
  hangTimeout: v.optional(hangTimeout()),
  fingerprint: v.optional(fingerprint()),
  deploy: v.optional(deploy()),
  port: v.optional(wholeNumber(0, 65_535)),
  host: v.optional(text('an address or host name', (host) => isIP(host) !== 0 || hostPattern.test(host))),
  health: v.optional(text('a path such as "/health"', (path) => pathPattern.test(path))),
  reveal: v.optional(yesOrNo()),
  trustForwarded: v.optional(yesOrNo()),
  proxyProtocol: v.optional(yesOrNo()),
  tls: v.optional(tls()),
  tlsMinVersion: v.optional(v.message(v.picklist(['TLSv1.2', 'TLSv1.3']), '"TLSv1.2" or "TLSv1.3"')),
  idempotentRoutes: v.optional(routes()),
  hedging: v.optional(hedging()),
  weights: v.optional(weights()),
  balancers: v.optional(wholeNumber(1, maxBalancers)),
  limits: v.optional(limits()),
  accessLog: v.optional(folder('a file, or "-" for standard output')),
  admin: v.optional(adminAddress()),
  env: v.optional(variables()),
  cwd: v.optional(folder('a folder')),
  version: v.optional(
    text('a label of up to 64 letters, digits or . _ + @ / -', (label) => labelPattern.test(label)),
  ),
  state: v.optional(folder('a folder')),
  readyTimeout: v.optional(timeout()),
  stopTimeout: v.optional(timeout()),
  drainTimeout: v.optional(timeout()),
}

export const optionsSchema: Schema<ValidOptions> = v.strictObject(schemas)
export const optionNames: readonly string[] = Object.keys(schemas)
/** The names inside the options that have such. */
export const innerNames: Readonly<Record<string, readonly string[]>> = {
  tls: tlsNames,
  idempotentRoutes: routeNames,
  hedging: hedgingNames,
  limits: limitNames,
  weights: [],
  autoscale: autoscaleNames,
  deploy: deployNames,
}
