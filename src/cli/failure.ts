// Says in one line what went wrong, and picks the exit code for it.
import { CommanderError } from 'commander'
import { DroverError, isDroverError } from '../base/errors.ts'

/** 0 done, 1 it failed, 2 it was asked for wrongly. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodeHelp = 'Exit codes: 0 done, 1 failed, 2 wrong usage'

/** Ends a command with a code of its own, when all there is to say has been said. */
export class Said extends Error {
  override readonly name = 'Said'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode) {
    super('said')
    this.exitCode = exitCode
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Said) return error.exitCode
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  return isDroverError(error, 'OPTION_INVALID') ? exitCodes.usage : exitCodes.failed
}

/** One line for standard error; undefined when all is said, as by --help. */
export function failureLine(error: unknown, program: string): string | undefined {
  if (error instanceof CommanderError || error instanceof Said) return undefined
  if (isDroverError(error, 'FLEET_NOT_RUNNING')) return `${error.message} (start one with ${program} up)`
  return oneLine(error instanceof Error ? error.message : String(error))
}

/** Commander's complaint about `command`, in our words. Help that was printed instead of a complaint passes unchanged. */
export function usageError(error: CommanderError, command: string, program: string): Error {
  if (error.exitCode === 0 || error.code === 'commander.help') return error
  return new DroverError('OPTION_INVALID', usageLine(error, command, program), { cause: error })
}

function usageLine(error: CommanderError, command: string, program: string): string {
  const message = error.message.replace(/^error: /, '')
  const named = /'([^']*)'/.exec(message)?.[1] ?? ''
  const near = /\(Did you mean (?:one of )?([^)]*?)\??\)/.exec(message)?.[1]
  const hint = near === undefined ? `see ${program} --help` : `did you mean ${near}?`
  switch (error.code) {
    case 'commander.unknownOption':
      return `Cannot use ${named}: there is no such option, ${hint}`
    case 'commander.unknownCommand':
      return `Cannot run ${JSON.stringify(named)}: there is no such command, ${hint}`
    case 'commander.optionMissingArgument':
      return missingValueLine(named)
    case 'commander.missingArgument':
      return `Cannot run ${command} without <${named}>: ${hint.replace('--help', `${command} --help`)}`
    case 'commander.excessArguments':
      return `Cannot run ${command}: wanted ${excess(message)}`
    default:
      return oneLine(`Cannot run ${command}: ${message}`)
  }
}

/** `too many arguments for 'status'. Expected 0 arguments but got 2: a, b.` */
function excess(message: string): string {
  const [, expected = '0', plural = '', got = ''] =
    /Expected (\d+) argument(s?) but got (\d+: .*)\.$/.exec(message) ?? []
  return `${expected === '0' ? 'no' : expected} argument${plural}, but got ${got}`
}

/** `flags` as the option declares them: `-e, --env <name=value>`. */
function missingValueLine(flags: string): string {
  const flag = /--[\w-]+/.exec(flags)?.[0] ?? flags
  const value = /<(.+)>/.exec(flags)?.[1] ?? 'value'
  return `Cannot use ${flag}: wanted a value after it, <${value}>`
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, ' ').trim()
}
