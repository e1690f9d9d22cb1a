// Reads what a person wrote into valid options, or says in one line which one is wrong and what was wanted.
import { inspect } from 'node:util'
import * as v from 'valibot'
import { DroverError } from '../base/errors.ts'
import { nearest } from '../base/suggestion.ts'
import type { ValidOptions } from './options.ts'
import { innerNames, optionNames, optionsSchema } from './schema.ts'

/** Where options come from; decides how a message names them. */
export type OptionSource =
  | { readonly kind: 'flags' }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'environment' }

/** The flag of an option: `readyTimeout` is `--ready-timeout`. */
export function flagName(option: string): string {
  return `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/**
 * `Cannot use --port "x": wanted …`, or `Cannot use port "x" in drover.config.ts: wanted …`. `option` may lead inside:
 * `tls.cert` is the flag `--tls-cert`.
 */
export function optionError(
  source: OptionSource,
  option: string,
  value: unknown,
  wanted: string,
): DroverError {
  return refused(source, option, describe(value), wanted)
}

function refused(source: OptionSource, option: string, shown: string, wanted: string): DroverError {
  const line = `Cannot use ${subject(source, option)} ${shown}${place(source)}: wanted ${wanted}`
  return new DroverError('OPTION_INVALID', line)
}

function subject(source: OptionSource, option: string): string {
  if (source.kind === 'flags')
    return flagName(
      option
        .replace(/^autoscale\./, '')
        .replaceAll(/\.([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    )
  return source.kind === 'file' ? option : option.toUpperCase()
}

function place(source: OptionSource): string {
  if (source.kind === 'flags') return ''
  return source.kind === 'file' ? ` in ${source.name}` : ' in the environment'
}

/** Valid options from `raw`; throws OPTION_INVALID for the first that is not. */
export function validateOptions(raw: unknown, source: OptionSource): ValidOptions {
  const result = v.safeParse(optionsSchema, raw, { abortEarly: true })
  if (result.success) return result.output
  throw refusal(raw, source, result.issues[0])
}

function refusal(raw: unknown, source: OptionSource, issue: v.BaseIssue<unknown>): DroverError {
  const path = (issue.path ?? []).map((step) => String(step.key))
  const [option, inner] = path
  if (option === undefined) return notAnObject(raw, source)
  if (!optionNames.includes(option)) return unknownName(source, option, '', optionNames)
  if (option === 'env') return envRefusal(source, inner, issue)
  const value: unknown = raw !== null && typeof raw === 'object' ? Reflect.get(raw, option) : undefined
  const names = innerNames[option]
  if (inner === undefined || names === undefined) return optionError(source, option, value, issue.message)
  return innerRefusal(source, followPath(raw, path), names, issue)
}

interface Place {
  /** `limits.parked`, `tls[1].key`. */
  readonly shown: string
  readonly value: unknown
  readonly last: string
}

/**
 * Where in `raw` the issue is. What stands for a list of one, or a text for the whole it is part of, was read as such;
 * whoever wrote it knows of no further step.
 */
function followPath(raw: unknown, path: readonly string[]): Place {
  let at: Place = { shown: '', value: raw, last: '' }
  for (const step of path) {
    const { shown, value } = at
    if (typeof value === 'string') break
    const isList = Array.isArray(value)
    if (!isList && /^\d+$/.test(step) && !hasOwn(value, step)) continue
    const next: unknown = hasOwn(value, step) ? Reflect.get(value, step) : undefined
    const name = isList ? `[${step}]` : shown === '' ? step : `.${step}`
    at = { shown: shown + name, value: next, last: isList ? '' : step }
  }
  return at
}

function hasOwn(value: unknown, key: string): value is object {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, key)
}

/** Something inside an option is wrong, or has a name that nothing has. */
function innerRefusal(
  source: OptionSource,
  { shown, value, last }: Place,
  names: readonly string[],
  issue: v.BaseIssue<unknown>,
): DroverError {
  const isUnknown = issue.expected === 'never' && last !== '' && !names.includes(last)
  if (!isUnknown) return optionError(source, shown, value, issue.message)
  return unknownName(source, last, shown.slice(0, -last.length), names)
}

/** Never shows a value: the environment is where secrets live. */
function envRefusal(
  source: OptionSource,
  name: string | undefined,
  issue: v.BaseIssue<unknown>,
): DroverError {
  const isNested = name !== undefined && source.kind === 'file'
  const input = issue.input
  const names = input !== null && typeof input === 'object' ? Object.keys(input) : undefined
  const shown = names === undefined ? `of type ${typeof input}` : names.map(describe).join(', ')
  return refused(source, isNested ? `env.${name}` : 'env', shown, issue.message)
}

function notAnObject(raw: unknown, source: OptionSource): DroverError {
  const name = source.kind === 'file' ? source.name : 'the options'
  const wanted = 'export default defineConfig({ … })'
  return new DroverError(
    'OPTION_INVALID',
    `Cannot use ${name}: wanted ${wanted}, but it exports ${describe(raw)}`,
  )
}

function unknownName(
  source: OptionSource,
  name: string,
  before: string,
  names: readonly string[],
): DroverError {
  const close = nearest(name, names)
  const hint = close === undefined ? `wanted one of ${names.join(', ')}` : `did you mean ${close}?`
  const named = `${subject(source, before + name)}${place(source)}`
  return new DroverError('OPTION_INVALID', `Cannot use ${named}: there is no such option, ${hint}`)
}

const shownLength = 60

/** One line, however large the value is. */
export function describe(value: unknown): string {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : inspect(value, { depth: 1, compact: true, breakLength: Number.POSITIVE_INFINITY })
  const line = shown.replaceAll(/\s*\n\s*/g, ' ')
  return line.length > shownLength ? `${line.slice(0, shownLength)}…` : line
}
