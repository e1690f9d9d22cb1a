// What `drover prove` was asked for: flags and words, checked and resolved.
import { randomInt } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DroverError, invalidOption } from '../../base/errors.ts'
import { parseDuration } from '../../base/durations.ts'
import type { FlowSource, ProveRequest } from '../../prove/request.ts'
import { parseVariables } from '../variables.ts'
import { wholeNumber } from '../whole-number.ts'
import type { ProveFlags } from './flags.ts'

export interface ProveDefaults {
  readonly schedules: number
  readonly timeoutMs: number
  readonly readyTimeoutMs: number
}

export const proveDefaults: ProveDefaults = { schedules: 3, timeoutMs: 600_000, readyTimeoutMs: 60_000 }

/** Where files are written to, absolute. */
export interface Outputs {
  readonly html: string | undefined
  readonly sarif: string | undefined
  readonly junit: string | undefined
}

export interface ProveOptions {
  readonly request: ProveRequest
  readonly outputs: Outputs
  readonly isJson: boolean
}

export interface Surroundings {
  readonly currentDir: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

const dayMs = 86_400_000

/** Throws OPTION_INVALID. Nothing is started before all of it is right. */
export function readProveOptions(
  words: readonly string[],
  flags: ProveFlags,
  { currentDir, environment }: Surroundings,
  newSeed: () => number = () => randomInt(1_000_000),
): ProveOptions {
  const targets = flags.targets === undefined ? [] : readTargets(flags.targets)
  checkApp(words, flags)
  const timeoutMs = readTimeout(flags.timeout)
  const request: ProveRequest = {
    app: {
      command: words,
      cwd: flags.cwd === undefined ? currentDir : readFolder(flags.cwd, currentDir),
      env: { ...environment, ...parseVariables(flags.env ?? []) },
      readyPath: flags.ready === undefined ? undefined : readReadyPath(flags.ready),
      readyTimeoutMs: Math.min(proveDefaults.readyTimeoutMs, timeoutMs),
      before: readCommand('--before', flags.before),
      reset: readCommand('--reset', flags.reset),
      targets,
    },
    flow: readSource(flags, currentDir),
    seed: flags.seed === undefined ? newSeed() : wholeNumber('--seed', flags.seed, 0, 999_999_999),
    schedules:
      flags.schedules === undefined
        ? proveDefaults.schedules
        : wholeNumber('--schedules', flags.schedules, 1, 1_000),
    timeoutMs,
  }
  return { request, outputs: readOutputs(flags, currentDir), isJson: flags.json === true }
}

/** Either a command or servers that run already, and what goes with it. */
function checkApp(words: readonly string[], flags: ProveFlags): void {
  if (flags.targets === undefined) {
    if (words.length > 0 && words[0] !== '') return
    throw refused(
      'Cannot prove anything without an app: wanted its command after --, such as -- npm start, or --targets',
    )
  }
  if (words.length > 0)
    throw refused(
      'Cannot use --targets with a command: wanted one of them, servers that run already or how to start them',
    )
  for (const name of ['cwd', 'env', 'ready'] as const)
    if (flags[name] !== undefined)
      throw refused(`Cannot use --${name} with --targets: nothing is started there`)
}

const sources = ['flow', 'har', 'openapi', 'tests'] as const

function readSource(flags: ProveFlags, currentDir: string): FlowSource {
  const [first, second] = sources.filter((name) => flags[name] !== undefined)
  if (first !== undefined && second !== undefined)
    throw refused(`Cannot use --${first} with --${second}: wanted one of them, each is a whole flow`)
  if (first === undefined) return { from: 'crawl' }
  if (first === 'tests') return { from: 'tests', command: readCommand('--tests', flags.tests) ?? '' }
  const path = resolve(currentDir, flags[first] ?? '')
  if (!isThere(path, 'file')) throw invalidOption(`--${first}`, flags[first], 'a file that is there')
  return { from: first === 'flow' ? 'file' : first, path }
}

/** At least two, since a proof of one server says nothing. */
function readTargets(text: string): readonly string[] {
  const origins = text.split(',').map((part) => readOrigin(part.trim(), text))
  if (new Set(origins).size !== origins.length) throw invalidOption('--targets', text, 'each server once')
  if (origins.length < 2) throw invalidOption('--targets', text, 'at least two servers, with commas between')
  return origins
}

function readOrigin(part: string, text: string): string {
  const url = /^https?:\/\/[^/?#@\s]+\/?$/.test(part) ? URL.parse(part) : null
  if (url !== null) return url.origin
  throw invalidOption('--targets', text, 'addresses such as http://10.0.0.1:80,http://10.0.0.2:80')
}

function readFolder(text: string, currentDir: string): string {
  const path = resolve(currentDir, text)
  if (text !== '' && isThere(path, 'folder')) return path
  throw invalidOption('--cwd', text, 'a folder that is there')
}

function readReadyPath(text: string): string {
  if (/^\/[^\s#]*$/.test(text)) return text
  throw invalidOption('--ready', text, 'a path such as /health')
}

function readCommand(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || text.trim() !== '') return text
  throw invalidOption(flag, text, 'a command')
}

function readTimeout(text: string | undefined): number {
  if (text === undefined) return proveDefaults.timeoutMs
  const timeoutMs = parseDuration(text)
  if (timeoutMs !== undefined && timeoutMs >= 1_000 && timeoutMs <= dayMs) return timeoutMs
  throw invalidOption('--timeout', text, 'a time from 1s to 24h, such as "90s" or "10m"')
}

function readOutputs(flags: ProveFlags, currentDir: string): Outputs {
  const outputs = {
    html: readOutput('--html', flags.html, currentDir),
    sarif: readOutput('--sarif', flags.sarif, currentDir),
    junit: readOutput('--junit', flags.junit, currentDir),
  }
  const paths = Object.values(outputs).filter((path) => path !== undefined)
  if (new Set(paths).size === paths.length) return outputs
  throw refused('Cannot write two reports to one file: wanted another name for each')
}

/** Found out now, and not after minutes of runs. */
function readOutput(flag: string, text: string | undefined, currentDir: string): string | undefined {
  if (text === undefined) return undefined
  const path = resolve(currentDir, text)
  if (text === '' || isThere(path, 'folder')) throw invalidOption(flag, text, 'the name of a file')
  if (!isThere(dirname(path), 'folder')) throw invalidOption(flag, text, 'a file in a folder that is there')
  return path
}

function isThere(path: string, kind: 'file' | 'folder'): boolean {
  if (!existsSync(path)) return false
  return kind === 'folder' ? statSync(path).isDirectory() : !statSync(path).isDirectory()
}

function refused(message: string): DroverError {
  return new DroverError('OPTION_INVALID', message)
}
