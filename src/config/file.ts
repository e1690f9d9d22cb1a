// Finds drover.config.ts and loads it.
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { DroverError } from '../base/errors.ts'
import type { ValidOptions } from './options.ts'
import { shownPath } from './shown-path.ts'
import { validateOptions } from './validation.ts'

const configNames: readonly string[] = ['drover.config.ts', 'drover.config.js', 'drover.config.mjs']

export interface ConfigFile {
  /** Absolute. */
  readonly path: string
  readonly folder: string
  /** As messages show it. */
  readonly name: string
  readonly options: ValidOptions
}

/**
 * The file `given` with --config, or the one in `currentDir`; undefined when there is none.
 * Throws OPTION_INVALID when it is missing, ambiguous, cannot be loaded or states a bad option.
 */
export async function loadConfigFile(currentDir: string, given?: string): Promise<ConfigFile | undefined> {
  const path = given === undefined ? await findConfig(currentDir) : await givenConfig(currentDir, given)
  if (path === undefined) return undefined
  const name = shownPath(path, currentDir)
  const options = validateOptions(await importDefault(path, name), { kind: 'file', name })
  return { path, folder: dirname(path), name, options }
}

async function findConfig(folder: string): Promise<string | undefined> {
  const present: string[] = []
  for (const name of configNames) {
    if (await isFile(join(folder, name))) present.push(name)
  }
  const [first, second] = present
  if (first === undefined) return undefined
  if (second === undefined) return join(folder, first)
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot choose between ${first} and ${second}: wanted only one of them, or --config FILE`,
  )
}

async function givenConfig(currentDir: string, given: string): Promise<string> {
  const path = resolve(currentDir, given)
  if (given !== '' && (await isFile(path))) return path
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use --config ${JSON.stringify(given)}: wanted a file such as drover.config.ts`,
  )
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

async function importDefault(path: string, name: string): Promise<unknown> {
  let module: unknown
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new DroverError('OPTION_INVALID', loadFailure(name, path, error), { cause: error })
  }
  if (module !== null && typeof module === 'object' && 'default' in module) return module.default
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use ${name}: wanted export default defineConfig({ … }), but it has no default export`,
  )
}

/** One line with the file, the line where it broke when the stack tells, and the reason. */
function loadFailure(name: string, path: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error)
  const firstLine = reason.split('\n')[0]?.trim() ?? ''
  const line = error instanceof Error ? lineInStack(path, error.stack ?? '') : undefined
  const place = line === undefined ? name : `${name}:${line}`
  return `Cannot load ${place}: ${firstLine === '' ? 'it threw an error without a message' : firstLine}`
}

function lineInStack(path: string, stack: string): string | undefined {
  for (const match of stack.matchAll(/(file:\/\/[^\s)]+?|\/[^\s)]+?):(\d+)/g)) {
    const [, place = '', line] = match
    const file = place.startsWith('file:') ? filePath(place) : place
    if (file === path) return line
  }
  return undefined
}

function filePath(url: string): string | undefined {
  return URL.canParse(url) ? fileURLToPath(url) : undefined
}
