// The one set of validators behind flags and config file. Each message completes "wanted …".
import { isIP } from 'node:net'
import * as v from 'valibot'
import { parseDuration } from '../base/durations.ts'
import { instanceVariable, portVariable } from '../base/wire.ts'
import { maxInstances, maxTimeoutMs } from './options.ts'
import type { OptionName, ValidOptions } from './options.ts'

const hostPattern = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i
const labelPattern = /^[\w.+@/-]{1,64}$/
// Printable ASCII without spaces: what a request line can carry (RFC 9112 section 3.2).
const pathPattern = /^\/[\x21-\x22\x24-\x7e]*$/
const variablePattern = /^[^=\0]+$/
/** Drover sets these for each instance; one value for all of them would break the fleet. */
const ownVariables: readonly string[] = [portVariable, instanceVariable]

type Schema<T> = v.GenericSchema<unknown, T>

/** A number, or the digits of one: flags and environment variables are text. */
function wholeNumber(from: number, to: number): Schema<number> {
  const digits = v.pipe(v.string(), v.regex(/^\d{1,9}$/), v.transform(Number))
  const schema = v.pipe(v.union([v.number(), digits]), v.integer(), v.minValue(from), v.maxValue(to))
  return v.message(schema, `a whole number from ${from} to ${to}`)
}

function text(wanted: string, isRight: (value: string) => boolean): Schema<string> {
  return v.message(v.pipe(v.string(), v.check(isRight)), wanted)
}

function folder(wanted: string): Schema<string> {
  return text(wanted, (value) => value !== '' && !value.includes('\0'))
}

function durationMs(): Schema<number> {
  const schema = v.pipe(
    v.unknown(),
    v.transform(parseDuration),
    v.number(),
    v.minValue(1),
    v.maxValue(maxTimeoutMs),
  )
  return v.message(schema, 'a duration from 1ms to 1d, such as "30s" or "2m"')
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
      `other names than ${ownVariables.join(' and ')}, which Drover gives to each instance itself`,
    ),
  )
}

const schemas: { readonly [Name in OptionName]: Schema<ValidOptions[Name]> } = {
  command: v.optional(commandLine()),
  instances: v.optional(wholeNumber(1, maxInstances)),
  port: v.optional(wholeNumber(0, 65_535)),
  host: v.optional(text('an address or host name', (host) => isIP(host) !== 0 || hostPattern.test(host))),
  health: v.optional(text('a path such as "/health"', (path) => pathPattern.test(path))),
  reveal: v.optional(v.message(v.boolean(), 'true or false')),
  trustForwarded: v.optional(v.message(v.boolean(), 'true or false')),
  env: v.optional(variables()),
  cwd: v.optional(folder('a folder')),
  version: v.optional(
    text('a label of up to 64 letters, digits or . _ + @ / -', (label) => labelPattern.test(label)),
  ),
  state: v.optional(folder('a folder')),
  readyTimeout: v.optional(durationMs()),
  stopTimeout: v.optional(durationMs()),
  drainTimeout: v.optional(durationMs()),
}

export const optionsSchema: Schema<ValidOptions> = v.strictObject(schemas)
export const optionNames: readonly string[] = Object.keys(schemas)
