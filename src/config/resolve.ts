// Merges flags, file, environment and defaults into what the fleet runs by: flags win over the file, the file over defaults.
import { resolve } from 'node:path'
import type { TlsOptions } from '../balancer/messages.ts'
import { DroverError } from '../base/errors.ts'
import type { ConfigFile } from './file.ts'
import { defaults, type FleetConfig, type ValidOptions } from './options.ts'
import { validateOptions } from './validation.ts'

export interface OptionSources {
  readonly flags: ValidOptions
  readonly file: ConfigFile | undefined
  /** The environment of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly currentDir: string
}

/** What paths are read from. */
type PathSources = Omit<OptionSources, 'environment'>

/** Everything but the version label, which takes a look at the code's folder when nobody gave it. */
export type MergedConfig = Omit<FleetConfig, 'version'> & { readonly version: string | undefined }

/** Merges the sources. Throws OPTION_INVALID when no command is given or the environment's PORT is used and bad. */
export function mergeOptions(sources: OptionSources): MergedConfig {
  const { flags, file } = sources
  const options = layered(flags, file?.options ?? {})
  if (options.command === undefined) throw noCommand(file)
  return Object.freeze({
    command: Object.freeze([...options.command]),
    ...herdOptions(options),
    port: options.port ?? environmentPort(sources.environment),
    host: options.host ?? defaults.host,
    health: options.health,
    reveal: options.reveal ?? false,
    trustForwarded: options.trustForwarded ?? false,
    ...balancerOptions(sources, options),
    env: Object.freeze({ ...file?.options.env, ...flags.env }),
    cwd: pathOption(sources, 'cwd') ?? file?.folder ?? sources.currentDir,
    version: options.version,
    stateDir: resolveStateDir(sources),
    readyTimeoutMs: options.readyTimeout ?? defaults.readyTimeoutMs,
    stopTimeoutMs: options.stopTimeout ?? defaults.stopTimeoutMs,
    drainTimeoutMs: options.drainTimeout ?? defaults.drainTimeoutMs,
  })
}

/** How many instances, how they are watched and how exchanged. */
function herdOptions(options: ValidOptions) {
  const { autoscale, instances = defaults.instances, hangTimeout = defaults.hangTimeoutMs } = options
  const { min = 1, max = instances } = autoscale ?? {}
  return {
    instances: autoscale === undefined ? instances : Math.min(max, Math.max(min, instances)),
    spares: options.spares ?? defaults.spares,
    autoscale: autoscale && Object.freeze(autoscale),
    maxMemory: options.maxMemory,
    hangTimeoutMs: hangTimeout === false ? undefined : hangTimeout,
    fingerprint: Object.freeze([...(options.fingerprint ?? [])]),
    deploy: Object.freeze({ ...defaults.deploy, ...options.deploy }),
  }
}

function balancerOptions(sources: OptionSources, options: ValidOptions) {
  return {
    proxyProtocol: options.proxyProtocol ?? false,
    tls: tlsOptions(sources, options),
    idempotentRoutes: Object.freeze([...(options.idempotentRoutes ?? [])]),
    hedging: options.hedging === false ? undefined : options.hedging,
    weights: Object.freeze({ ...options.weights }),
    balancers: options.balancers ?? defaults.balancers,
    limits: Object.freeze({ ...options.limits }),
    accessLog: pathOption(sources, 'accessLog'),
    admin: options.admin,
  }
}

function tlsOptions(sources: OptionSources, { tls, tlsMinVersion }: ValidOptions): TlsOptions | undefined {
  if (tls === undefined) return undefined
  const folder = folderOf(sources, 'tls')
  const certificates = tls.map(({ cert, key }) => ({
    cert: resolve(folder, cert),
    key: resolve(folder, key),
  }))
  return { certificates, ...(tlsMinVersion === undefined ? {} : { minVersion: tlsMinVersion }) }
}

/** Absolute; of the access log also `-`, which is no path. */
function pathOption(sources: PathSources, option: 'cwd' | 'state' | 'accessLog'): string | undefined {
  const path = sources.flags[option] ?? sources.file?.options[option]
  if (path === undefined || (path === '-' && option === 'accessLog')) return path
  return resolve(folderOf(sources, option), path)
}

/** From which folder a path that `option` states is read. */
function folderOf({ flags, file, currentDir }: PathSources, option: keyof ValidOptions): string {
  return flags[option] === undefined ? (file?.folder ?? currentDir) : currentDir
}

/** The absolute state folder: a flag is read from the current folder, a file's value from the file's folder. */
export function resolveStateDir(sources: PathSources): string {
  return pathOption(sources, 'state') ?? resolve(sources.currentDir, defaults.state)
}

function layered(over: ValidOptions, under: ValidOptions): ValidOptions {
  const given = Object.entries(over).filter(([, value]) => value !== undefined)
  return { ...under, ...Object.fromEntries(given) }
}

function environmentPort(environment: OptionSources['environment']): number {
  const value = environment['PORT']
  if (value === undefined || value === '') return defaults.port
  return validateOptions({ port: value }, { kind: 'environment' }).port ?? defaults.port
}

function noCommand(file: ConfigFile | undefined): DroverError {
  const place = file === undefined ? '' : `, or command in ${file.name}`
  return new DroverError(
    'OPTION_INVALID',
    `Cannot start a fleet without a command: wanted one after --, such as -- node server.ts${place}`,
  )
}
