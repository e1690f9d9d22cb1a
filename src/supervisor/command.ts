// Finds out beforehand whether a command can be run, so that a typing error is not taken for a crash loop.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { DroverError } from '../base/errors.ts'
import type { Version } from './version.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Throws OPTION_INVALID when the command of `version` cannot be run. */
export function requireRunnable({ command, cwd, env }: Version): void {
  const problem = findCommandProblem(command, cwd, env)
  if (problem !== undefined) throw new DroverError('OPTION_INVALID', `Cannot start an instance: ${problem}`)
}

const defaultPath = '/usr/bin:/bin'

/** Why `command` cannot be run there, such as 'no such command "nod"'; undefined when it can. */
export function findCommandProblem(
  command: readonly string[],
  cwd: string,
  env: Environment,
): string | undefined {
  const [program] = command
  if (program === undefined || program === '') return 'no command was given'
  if (!isThere(cwd, 'folder')) return `no such folder ${JSON.stringify(cwd)}`
  if (candidates(program, cwd, env).some(isExecutable)) return undefined
  const isPresent = program.includes('/') && isThere(resolve(cwd, program), 'file')
  return isPresent
    ? `${JSON.stringify(program)} is not executable`
    : `no such command ${JSON.stringify(program)}`
}

/** Where execvp(3) would look. An empty entry of PATH means the working folder. */
function candidates(program: string, cwd: string, env: Environment): string[] {
  if (program.includes('/')) return [resolve(cwd, program)]
  return (env['PATH'] ?? defaultPath).split(delimiter).map((folder) => resolve(cwd, folder, program))
}

function isExecutable(path: string): boolean {
  return isThere(path, 'file') && canAccess(path)
}

function canAccess(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isThere(path: string, kind: 'file' | 'folder'): boolean {
  try {
    const entry = statSync(path)
    return kind === 'file' ? entry.isFile() : entry.isDirectory()
  } catch {
    // Absent, or in a folder of PATH that is closed to this user: either way not for us to run.
    return false
  }
}
