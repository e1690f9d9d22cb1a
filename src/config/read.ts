// The edge: reads what `drover up` and its companions were told, from flags, file, environment and the folder itself.
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { requireCertificates } from './certificates.ts'
import { loadConfigFile, type ConfigFile } from './file.ts'
import type { FleetConfig, OptionName, ValidOptions } from './options.ts'
import { mergeOptions, resolveStateDir, type OptionSources } from './resolve.ts'
import { optionError, validateOptions, type OptionSource } from './validation.ts'
import { readVersion } from './version.ts'

export interface ConfigRequest {
  /** Options as flags gave them, by option name; not yet validated. */
  readonly flags: Readonly<Record<string, unknown>>
  /** The file named with --config. */
  readonly configPath: string | undefined
  readonly environment: OptionSources['environment']
  readonly currentDir: string
}

/** The whole configuration of a fleet. Throws OPTION_INVALID in one line for whatever is wrong. */
export async function readFleetConfig(request: ConfigRequest): Promise<FleetConfig> {
  const flags = validateOptions(request.flags, { kind: 'flags' })
  const file = await loadConfigFile(request.currentDir, request.configPath)
  const { environment, currentDir } = request
  const merged = mergeOptions({ flags, file, environment, currentDir })
  const sourceOf = (option: OptionName) => sourceAmong(flags, file, option)
  if (!(await isFolder(merged.cwd)))
    throw optionError(sourceOf('cwd'), 'cwd', merged.cwd, 'a folder that exists')
  const { accessLog } = merged
  if (accessLog !== undefined && accessLog !== '-' && !(await isFolder(dirname(accessLog))))
    throw optionError(sourceOf('accessLog'), 'accessLog', accessLog, 'a file in a folder that exists')
  if (merged.tls !== undefined) await requireCertificates(merged.tls.certificates, sourceOf('tls'))
  return Object.freeze({ ...merged, version: merged.version ?? (await readVersion(merged.cwd)) })
}

function sourceAmong(flags: ValidOptions, file: ConfigFile | undefined, option: OptionName): OptionSource {
  return flags[option] === undefined && file !== undefined
    ? { kind: 'file', name: file.name }
    : { kind: 'flags' }
}

/**
 * The state folder alone, for commands that talk to a running fleet. Given as a flag, no config file is run for it:
 * a fleet can be stopped even while its config is broken.
 */
export async function readStateDir(request: Omit<ConfigRequest, 'environment'>): Promise<string> {
  const flags = validateOptions(request.flags, { kind: 'flags' })
  const { currentDir, configPath } = request
  const file = flags.state === undefined ? await loadConfigFile(currentDir, configPath) : undefined
  return resolveStateDir({ flags, file, currentDir })
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
