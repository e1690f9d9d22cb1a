// What `drover deploy` is asked for, as the fleet is to be told.
import { isAbsolute, resolve } from 'node:path'
import { parseDuration } from '../base/durations.ts'
import { DroverError, invalidOption } from '../base/errors.ts'
import { maxSpares, maxTimeoutMs } from '../config/options.ts'
import { validateOptions } from '../config/validation.ts'
import type { DeployRequest } from '../control/deploying.ts'
import type { ConnectionFlags } from './connection.ts'
import { parseVariables } from './variables.ts'
import { wholeNumber } from './whole-number.ts'

/** How long canaries are looked at when nobody says. */
export const defaultCanaryTime = '30s'

export interface DeployFlags extends ConnectionFlags {
  readonly dir?: string
  readonly env?: readonly string[]
  readonly label?: string
  readonly surge?: string
  readonly canary?: string
  readonly for?: string
  readonly abort?: boolean
}

/** Throws OPTION_INVALID for flags that make no sense. */
export function deployRequest(
  words: readonly string[],
  flags: DeployFlags,
  currentDir: string,
): DeployRequest {
  const { dir, env, label, surge } = flags
  const canary = canaryOf(flags)
  return {
    ...(dir === undefined ? {} : { dir: isAbsolute(dir) ? dir : resolve(currentDir, dir) }),
    ...(words.length === 0 ? {} : { command: checkedCommand(words) }),
    ...(env === undefined ? {} : { env: checkedVariables(env) }),
    ...(label === undefined ? {} : { label: checkedLabel(label) }),
    ...(surge === undefined ? {} : { surge: wholeNumber('--surge', surge, 1, maxSpares) }),
    ...(canary === undefined ? {} : { canary }),
  }
}

/** Throws OPTION_INVALID when something else is asked for together with --abort. */
export function checkAbortAlone(words: readonly string[], flags: DeployFlags): void {
  const { json: _, state: _state, config: _config, abort: _abort, ...others } = flags
  if (words.length === 0 && Object.keys(others).length === 0) return
  throw new DroverError('OPTION_INVALID', 'Cannot use --abort: wanted nothing to deploy beside it')
}

function canaryOf({ canary, for: time }: DeployFlags): DeployRequest['canary'] {
  if (canary !== undefined) return { share: shareOf(canary), forMs: durationOf(time ?? defaultCanaryTime) }
  if (time === undefined) return undefined
  throw new DroverError('OPTION_INVALID', 'Cannot use --for: wanted --canary beside it')
}

function shareOf(canary: string): number {
  const percent = /^(\d{1,2}(?:\.\d{1,3})?)%$/.exec(canary)?.[1]
  const share = Number(percent) / 100
  if (share > 0) return share
  throw invalidOption('--canary', canary, 'a share of the instances above 0% and below 100%, such as 10%')
}

function durationOf(time: string): number {
  const durationMs = parseDuration(time)
  if (durationMs !== undefined && durationMs > 0 && durationMs <= maxTimeoutMs) return durationMs
  throw invalidOption('--for', time, 'a duration from 1ms to 1d, such as "30s" or "2m"')
}

function checkedCommand(words: readonly string[]): readonly string[] {
  return validateOptions({ command: words }, { kind: 'flags' }).command ?? words
}

function checkedVariables(assignments: readonly string[]): Readonly<Record<string, string>> {
  const env = parseVariables(assignments)
  validateOptions({ env }, { kind: 'flags' })
  return env
}

/** A label is what the option `version` of drover up is. */
function checkedLabel(label: string): string {
  try {
    validateOptions({ version: label }, { kind: 'flags' })
    return label
  } catch (error) {
    if (!(error instanceof DroverError)) throw error
    throw new DroverError('OPTION_INVALID', error.message.replace('--version', '--label'), { cause: error })
  }
}
