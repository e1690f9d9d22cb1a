// What `serve` may be told, read once together with the environment, then trusted.
import { networkInterfaces } from 'node:os'
import { DroverError } from '../base/errors.ts'
import type { AnnouncedRoute } from '../base/instance-telemetry.ts'
import { instanceVariable, markerVariable, portVariable } from '../base/wire.ts'
import type { Fingerprint } from './fingerprint.ts'
import { readFingerprint } from './fingerprint.ts'
import { readIdempotentRoutes } from './idempotent-routes.ts'
import type { IdempotentRoute } from './idempotent-routes.ts'
import { sharedVariables } from './shared-variables.ts'

export interface HealthPaths {
  /** Answers 200 while the instance takes requests, 503 before and after: for readiness probes. Default '/readyz'. */
  readonly ready?: string
  /** Answers 200 while the event loop turns, whatever the app does: for liveness probes. Default '/livez'. */
  readonly live?: string
}

export interface ServeOptions {
  /** Where to listen; 0 lets the system choose. Default: `PORT` of the environment, which `drover up` sets, else 3000. */
  readonly port?: number
  /** The address to listen on. Default: 127.0.0.1 under `drover up`, else every address of the machine, as containers need it. */
  readonly host?: string
  /** Paths answered before the app sees them, to GET and HEAD; false answers none. Default `{ ready: '/readyz', live: '/livez' }`. */
  readonly health?: HealthPaths | false
  /**
   * Asks whether requests could be answered now, say with a ping of the store; by each question for readiness, one at a time.
   * False, a rejection and silence mean no. Default: ready while it listens.
   */
  readonly ready?: () => unknown
  /** How long `ready` may take, in ms: below the second that Kubernetes gives a probe. Default 800. */
  readonly readyTimeoutMs?: number
  /**
   * After SIGTERM, how long to serve on while readiness fails, in ms, so that a balancer stops sending before the port closes. Default
   * 10,000; 0 under `drover up`, whose balancer knows before the signal is sent, and with `node --watch` or NODE_ENV 'development' or 'test'.
   */
  readonly graceMs?: number
  /** How long requests in flight may take to finish after that, in ms, until they are cut. Default 15,000; 8,000 under `drover up`. */
  readonly drainTimeoutMs?: number
  /** How long `onDrain`, `onClose` and an app's own closing may take, in ms each. Default 4,000; 1,500 under `drover up`. */
  readonly closeTimeoutMs?: number
  /** An idle connection stays open so long, in ms: longer than the balancer's own limit, which thus closes first. Default 65,000. */
  readonly keepAliveTimeoutMs?: number
  /** Leave at SIGTERM and SIGINT, and end the process after that. Default true. */
  readonly signals?: boolean
  /** Leave, without grace, when this aborts. */
  readonly signal?: AbortSignal
  /** Called when draining begins: end what never ends by itself, such as WebSockets and event streams. */
  readonly onDrain?: () => unknown
  /** Called after the last request and connection: close the database. */
  readonly onClose?: () => unknown
  /** Values that must be the same on all instances, by name, secrets included: only a keyed hash of each leaves the process. */
  readonly fingerprint?: Fingerprint
  /**
   * Routes on which this app enforces idempotency keys, for POST and PATCH unless `methods` says otherwise: a path or, with `*` at its
   * end, a prefix. The balancer of `drover up` may then repeat a request with a key there, once every instance announces it. Default none.
   */
  readonly idempotentRoutes?: readonly (string | IdempotentRoute)[]
}

/** The options with everything decided. */
export interface Settings {
  readonly port: number
  readonly host: string
  readonly readyPath: string | undefined
  readonly livePath: string | undefined
  readonly isReady: (() => unknown) | undefined
  readonly readyTimeoutMs: number
  readonly graceMs: number
  readonly drainTimeoutMs: number
  readonly closeTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly signals: boolean
  readonly signal: AbortSignal | undefined
  readonly onDrain: (() => unknown) | undefined
  readonly onClose: (() => unknown) | undefined
  /** The secret word by which refusals are believed; undefined where no balancer of ours would read them. */
  readonly marker: string | undefined
  /** Name to hash. */
  readonly fingerprint: Readonly<Record<string, string>>
  readonly idempotentRoutes: readonly AnnouncedRoute[]
}

type Environment = Readonly<Record<string, string | undefined>>

const names: ReadonlySet<string> = new Set<keyof ServeOptions>([
  'port',
  'host',
  'health',
  'ready',
  'readyTimeoutMs',
  'graceMs',
  'drainTimeoutMs',
  'closeTimeoutMs',
  'keepAliveTimeoutMs',
  'signals',
  'signal',
  'onDrain',
  'onClose',
  'fingerprint',
  'idempotentRoutes',
])

/** Longest time that Node's timers can count. */
const mostMs = 2 ** 31 - 1

/** Throws OPTION_INVALID, in one line, for what cannot be used. */
export function readSettings(options: ServeOptions, env: Environment): Settings {
  checkNames(options)
  const isUnderDrover = env[instanceVariable] !== undefined
  const marker = env[markerVariable] === '' ? undefined : env[markerVariable]
  const closeTimeoutMs = isUnderDrover ? 1_500 : 4_000
  return Object.freeze({
    port: portOf(options.port, env[portVariable]),
    host: hostOf(options.host, isUnderDrover),
    ...pathsOf(options.health),
    isReady: functionOf('ready', options.ready),
    readyTimeoutMs: wholeNumber('readyTimeoutMs', options.readyTimeoutMs ?? 800, 1),
    graceMs: wholeNumber('graceMs', options.graceMs ?? defaultGraceMs(env, isUnderDrover), 0),
    drainTimeoutMs: wholeNumber(
      'drainTimeoutMs',
      options.drainTimeoutMs ?? (isUnderDrover ? 8_000 : 15_000),
      0,
    ),
    closeTimeoutMs: wholeNumber('closeTimeoutMs', options.closeTimeoutMs ?? closeTimeoutMs, 1),
    keepAliveTimeoutMs: wholeNumber('keepAliveTimeoutMs', options.keepAliveTimeoutMs ?? 65_000, 1),
    signals: booleanOf('signals', options.signals ?? true),
    signal: signalOf(options.signal),
    onDrain: functionOf('onDrain', options.onDrain),
    onClose: functionOf('onClose', options.onClose),
    marker,
    fingerprint: fingerprintOf(options.fingerprint ?? {}, env, marker),
    idempotentRoutes: readIdempotentRoutes(options.idempotentRoutes ?? [], invalid),
  })
}

/**
 * What the environment says joins it only in a fleet, which has a secret word: without one, the hash of a weak password could be
 * guessed from. What the app names itself wins over a variable of that name.
 */
function fingerprintOf(
  given: Fingerprint,
  env: Environment,
  marker: string | undefined,
): Readonly<Record<string, string>> {
  const own = readFingerprint(given, marker)
  if (marker === undefined) return own
  return Object.freeze({ ...readFingerprint(sharedVariables(env), marker), ...own })
}

function invalid(name: string, value: unknown, wanted: string): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use ${name} ${shown(value)}: wanted ${wanted}`)
}

/** On one line, and short. */
function shown(value: unknown): string {
  if (typeof value === 'function') return 'of type function'
  const text = typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)
  return (text ?? String(value)).slice(0, 100)
}

function checkNames(options: unknown): void {
  if (typeof options !== 'object' || options === null) throw invalid('options', options, 'an object')
  const unknownName = Object.keys(options).find((name) => !names.has(name))
  if (unknownName !== undefined) {
    const known = [...names].join(', ')
    throw new DroverError('OPTION_INVALID', `Cannot use option ${shown(unknownName)}: serve has ${known}`)
  }
}

/** A whole number as it stands, from `least` up. */
function wholeNumber(name: string, value: unknown, least: number, most: number = mostMs): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw invalid(name, value, `a whole number from ${least} to ${most}`)
}

function portOf(option: unknown, variable: string | undefined): number {
  if (option !== undefined) return wholeNumber('port', option, 0, 65_535)
  if (variable === undefined || variable === '') return 3_000
  const port = /^\d{1,5}$/.test(variable) ? Number(variable) : variable
  if (typeof port === 'number' && port <= 65_535) return port
  throw invalid(`${portVariable} of the environment`, variable, 'a whole number from 0 to 65535')
}

function hostOf(option: unknown, isUnderDrover: boolean): string {
  if (option === undefined) return isUnderDrover ? '127.0.0.1' : everyAddress()
  if (typeof option !== 'string' || !/^[\w.:%-]+$/.test(option)) {
    throw invalid('host', option, 'an address such as "127.0.0.1" or "::"')
  }
  // It may stand for two addresses, of which Node listens on the first only, and Fastify on both with two servers.
  return option === 'localhost' ? '127.0.0.1' : option
}

/** `::` takes IPv4 too, but cannot be listened on where IPv6 is switched off. */
function everyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((addressList) => addressList ?? [])
  return addresses.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0'
}

function pathsOf(health: unknown): Pick<Settings, 'readyPath' | 'livePath'> {
  if (health === false) return { readyPath: undefined, livePath: undefined }
  const paths = health ?? {}
  if (typeof paths !== 'object')
    throw invalid('health', health, 'paths such as { ready: "/readyz", live: "/livez" }, or false')
  const readyPath = pathOf('health.ready', 'ready' in paths ? paths.ready : undefined, '/readyz')
  const livePath = pathOf('health.live', 'live' in paths ? paths.live : undefined, '/livez')
  if (readyPath === livePath) throw invalid('health.live', livePath, 'another path than health.ready')
  return { readyPath, livePath }
}

function pathOf(name: string, value: unknown, fallback: string): string {
  if (value === undefined) return fallback
  if (typeof value === 'string' && /^\/[!-"$->@-~]*$/.test(value)) return value
  throw invalid(name, value, 'a path such as "/readyz", without "?" and "#"')
}

/** With a person waiting at the other end, and no balancer, ten seconds at each restart would be ten too many. */
function defaultGraceMs(env: Environment, isUnderDrover: boolean): number {
  const isWatched = env['WATCH_REPORT_DEPENDENCIES'] !== undefined
  const isDevelopment = env['NODE_ENV'] === 'development' || env['NODE_ENV'] === 'test'
  return isUnderDrover || isWatched || isDevelopment ? 0 : 10_000
}

function booleanOf(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(name, value, 'true or false')
}

function functionOf<Value>(name: string, value: (() => Value) | undefined): (() => Value) | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw invalid(name, value, 'a function')
}

function signalOf(value: AbortSignal | undefined): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw invalid('signal', value, 'an AbortSignal')
}
