// Which version a request, the history or a new run of `drover up` means.
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { DroverError, invalidOption } from '../base/errors.ts'
import { validateOptions } from '../config/validation.ts'
import type { DeployRequest } from '../control/deploying.ts'
import { findCommandProblem } from '../supervisor/command.ts'
import type { Version } from '../supervisor/version.ts'
import type { VersionRecord } from './version-history.ts'

/** What of a version is written down. */
export type Recipe = Pick<VersionRecord, 'label' | 'isLabelRead' | 'command' | 'cwd' | 'env'>

/** By which it is known whether the configuration is still what a version was deployed over. Values cannot be read out of it. */
export function digestConfiguration(
  { command, cwd }: Pick<Version, 'command' | 'cwd'>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const variables = Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify([command, cwd, variables])
  return createHash('sha256').update(text).digest('base64url')
}

export interface Configured {
  readonly label: string
  readonly command: readonly string[]
  readonly cwd: string
  readonly digest: string
}

/**
 * What a run of `drover up` begins with: `resume` the version deployed last, since the configuration is the one it was deployed
 * over; run the `configured` one again, which `last` is; or run it as a `new` one.
 */
export function chooseStart(
  last: VersionRecord | undefined,
  { label, command, cwd, digest }: Configured,
): 'resume' | 'configured' | 'new' {
  if (last === undefined || last.configuration !== digest) return 'new'
  const isAsConfigured =
    last.cwd === cwd && isSame(last.command, command) && Object.keys(last.env).length === 0
  // Deployed in place: what is in the configured folder is newer than, or just the same as what was deployed.
  if (isAsConfigured) return last.label === label ? 'configured' : 'new'
  return 'resume'
}

/** Throws OPTION_INVALID for a request that makes no sense, whatever runs now. */
export function requireSensible({ dir, command, env, label, surge, canary }: DeployRequest): void {
  const options = { ...(command && { command }), ...(env && { env }) }
  validateOptions(options, { kind: 'flags' })
  if (label !== undefined) requireLabel(label)
  if (dir !== undefined && !isFolder(dir)) throw invalidOption('--dir', dir, 'a folder that is there')
  if (surge !== undefined && !(Number.isSafeInteger(surge) && surge >= 1))
    throw invalidOption('--surge', surge, 'a whole number, at least 1')
  if (canary === undefined) return
  if (!(canary.share > 0 && canary.share <= 1))
    throw invalidOption('--canary', canary.share, 'a share up to 100%')
  if (!(canary.forMs >= 0 && canary.forMs < Infinity))
    throw invalidOption('--for', canary.forMs, 'a duration')
}

/** Throws OPTION_INVALID when the command of a version that is to be deployed cannot be run. */
export function requireDeployable({ command, cwd, env }: Version): void {
  const problem = findCommandProblem(command, cwd, env)
  if (problem !== undefined) throw new DroverError('OPTION_INVALID', `Cannot deploy: ${problem}`)
}

/**
 * The version to go back to: that of the number, or else the last one before the current one that ran in full and is another. A version
 * that was deployed twice is passed over, since going back to it would change nothing. Throws VERSION_UNKNOWN when there is none.
 */
export function findRollback(
  entries: readonly VersionRecord[],
  current: VersionRecord | undefined,
  number: number | undefined,
): VersionRecord {
  if (number === undefined) return findOther(entries, current)
  const entry = entries.find((one) => one.number === number)
  if (entry?.outcome === 'done') return entry
  const why = entry === undefined ? 'the history has no such version' : `its deploy ${shown[entry.outcome]}`
  throw new DroverError('VERSION_UNKNOWN', `Cannot roll back to ${number}: ${why}`)
}

function findOther(entries: readonly VersionRecord[], current: VersionRecord | undefined): VersionRecord {
  const limit = current?.number ?? Infinity
  const earlier = entries.filter(({ number, outcome }) => number < limit && outcome === 'done')
  const other = earlier.findLast((entry) => current === undefined || !isSameVersion(entry, current))
  if (other !== undefined) return other
  const why = earlier.length === 0 ? 'no version ran before this one' : 'no other version ran before this one'
  throw new DroverError('VERSION_UNKNOWN', `Cannot roll back: ${why}`)
}

/** No copy of the code is kept: what has the same folder, command, variables and name is the same. A number is no name. */
function isSameVersion(a: VersionRecord, b: VersionRecord): boolean {
  const isUnnamed = ({ label, number }: VersionRecord) => label === String(number)
  const isSameName = a.label === b.label || (isUnnamed(a) && isUnnamed(b))
  return isSameName && a.cwd === b.cwd && isSame(a.command, b.command) && isDeepStrictEqual(a.env, b.env)
}

const shown: Readonly<Record<Exclude<VersionRecord['outcome'], 'done'>, string>> = {
  running: 'goes on',
  failed: 'failed',
  aborted: 'was aborted',
  interrupted: 'was interrupted',
}

/**
 * Throws OPTION_INVALID where the folder of `wanted` holds the code of the current version: Drover keeps no copies, and to run
 * that code under the older name would be a lie. `found` is the label of the code that is there now.
 */
export function requireOldCode(wanted: Recipe, current: Recipe | undefined, found: string): void {
  if (current?.isLabelRead !== true || current.label !== found || wanted.label === found) return
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot roll back to version ${wanted.label}: ${wanted.cwd} holds version ${found}, wanted the code of ${wanted.label} there`,
  )
}

function requireLabel(label: string): void {
  // The rule is the configuration's; its flag has another name.
  try {
    validateOptions({ version: label }, { kind: 'flags' })
  } catch {
    throw invalidOption('--label', label, 'up to 64 letters, digits or . _ + @ / -')
  }
}

function isFolder(path: string): boolean {
  try {
    return isAbsolute(path) && statSync(path).isDirectory()
  } catch {
    // Absent, or closed to this user.
    return false
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index])
}
