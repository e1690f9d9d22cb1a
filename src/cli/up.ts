// `drover up`: runs a command as a fleet of interchangeable instances until it is told to stop.
import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import { readFreshConfig } from '../config/fresh-read.ts'
import { defaults, type FleetConfig, type TlsFiles } from '../config/options.ts'
import { readFleetConfig, readStateDir, type ConfigRequest } from '../config/read.ts'
import { decideInterrupt } from '../runtime/interrupt.ts'
import { Primary } from '../runtime/primary.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp, exitCodes, failureLine } from './failure.ts'
import { createFleetPrinter } from './fleet-printer.ts'
import { stateFlag } from './invocation.ts'
import type { Printer } from './printer.ts'
import { collect, parseVariables } from './variables.ts'

/** With everything killed there is nothing to wait for; beyond this the guardian does the rest. */
const abortTimeoutMs = 5_000

type UpFlags = Readonly<Record<string, unknown>> & {
  readonly config?: string
  readonly env?: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly min?: string
  readonly max?: string
}

export function upCommand(context: CliContext): Command {
  const { program } = context
  const command = new Command('up')
    .description('run a command as interchangeable instances behind one port')
    .argument('[command...]', 'the program of an instance and its arguments, after --')
  addOptions(command).addHelpText('after', helpAfter(program))
  return command.action(async (words: readonly string[], flags: UpFlags) => {
    const request = {
      flags: optionsFromFlags(words, flags),
      configPath: flags.config,
      environment: context.environment,
      currentDir: context.currentDir,
    }
    await runFleet(request, context)
  })
}

function addOptions(command: Command): Command {
  addInstanceOptions(command.optionsGroup('Instances:'))
  addBalancerOptions(command.optionsGroup('What clients meet:'))
  addTimeOptions(command.optionsGroup('Times:'))
  return command
    .optionsGroup('This fleet:')
    .option(
      '--admin <address>',
      'serve /metrics, /status and /healthz on this port of 127.0.0.1, or host:port',
    )
    .option('--state <folder>', `lock, control socket and records (default: ${defaults.state})`)
    .option('--config <file>', 'options as a file (default: drover.config.ts here, if there is one)')
    .helpOption('-h, --help', 'show this')
}

function addInstanceOptions(command: Command): void {
  command
    .option('-n, --instances <number>', `how many copies run (default: ${defaults.instances})`)
    .option('--spares <number>', 'warm instances that take the place of one that dies at once (default: 0)')
    .option('--min <number>', 'let the load decide how many run: at least so many (default: 1)')
    .option('--max <number>', 'and at most so many')
    .option('--max-memory <size>', 'replace an instance that holds more than this, such as 512mb')
    .option('--health <path>', 'ready when GET of this path answers 2xx (default: when its port is open)')
    .option('-e, --env <name=value>', 'a variable for the instances; repeatable', collect)
    .option('--cwd <folder>', 'the folder instances run in')
    .option('--version <label>', "what this code is called in status (default: git's short commit)")
}

function addBalancerOptions(command: Command): void {
  command
    .option(
      '-p, --port <number>',
      `where clients connect, 0 for any free port (default: PORT or ${defaults.port})`,
    )
    .option('--host <address>', `the address to listen on (default: ${defaults.host})`)
    .option('--tls-cert <file>', 'serve HTTPS with this certificate and its chain (PEM)')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--balancers <number>', `balancer processes on the port (default: ${defaults.balancers})`)
    .option('--reveal', 'name the instance in each response, as x-drover-instance')
    .option('--no-reveal', 'do not, even if the config file says so')
    .option(
      '--trust-forwarded',
      'believe X-Forwarded-* and Forwarded of clients: a TLS terminator or CDN stands before the balancer',
    )
    .option('--no-trust-forwarded', 'do not, even if the config file says so')
    .option('--proxy-protocol', 'each connection begins with a PROXY protocol header, v1 or v2')
    .option('--no-proxy-protocol', 'it does not, even if the config file says so')
    .option('--access-log <file>', 'a line of JSON for each request; - for standard output')
}

function addTimeOptions(command: Command): void {
  command
    .option(
      '--ready-timeout <time>',
      `for a start to become ready ${defaultSeconds(defaults.readyTimeoutMs)}`,
    )
    .option(
      '--hang-timeout <time>',
      `replace one that answers nothing so long ${defaultSeconds(defaults.hangTimeoutMs)}`,
    )
    .option('--no-hang-timeout', 'do not look for such')
    .option(
      '--drain-timeout <time>',
      `for requests in flight at a stop ${defaultSeconds(defaults.drainTimeoutMs)}`,
    )
    .option('--stop-timeout <time>', `from SIGTERM to SIGKILL ${defaultSeconds(defaults.stopTimeoutMs)}`)
}

function defaultSeconds(durationMs: number): string {
  return `(default: ${durationMs / 1_000}s)`
}

function helpAfter(program: string): string {
  return `
Each instance gets its own PORT to listen on, and its id as DROVER_INSTANCE.
Flags win over the config file. Ctrl-C stops gracefully; once more ends everything at once.

Examples:
  ${program} up --instances 3 --port 8080 -- node server.ts
  ${program} up --health /health --env LOG_LEVEL=info -- npm start

${exitCodeHelp}`
}

/** Flags by the names of their options. Throws OPTION_INVALID for one that lacks its other half. */
function optionsFromFlags(words: readonly string[], flags: UpFlags): Readonly<Record<string, unknown>> {
  const { config: _, env, tlsCert, tlsKey, min, max, ...options } = flags
  return {
    ...options,
    command: words.length === 0 ? undefined : words,
    tls: certificate(tlsCert, tlsKey),
    autoscale: bounds(min, max),
    env: env === undefined ? undefined : parseVariables(env),
  }
}

function bounds(min: string | undefined, max: string | undefined): unknown {
  if (max !== undefined) return min === undefined ? { max } : { min, max }
  if (min === undefined) return undefined
  throw new DroverError('OPTION_INVALID', 'Cannot use --min: wanted --max beside it')
}

function certificate(cert: string | undefined, key: string | undefined): TlsFiles | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key }
  if (cert === undefined && key === undefined) return undefined
  const [given, missing] = cert === undefined ? ['--tls-key', '--tls-cert'] : ['--tls-cert', '--tls-key']
  throw new DroverError('OPTION_INVALID', `Cannot use ${given}: wanted ${missing} beside it`)
}

async function runFleet(request: ConfigRequest, context: CliContext): Promise<void> {
  const config = await readFleetConfig(request)
  const { printer, program, environment, currentDir } = context
  const reporter = createFleetPrinter(printer, { program, flags: await hintFlags(config, currentDir) })
  const primary = new Primary(config, {
    clock: systemClock,
    random: Math.random,
    reporter,
    environment,
    currentDir,
    readConfig: () => readFreshConfig(request),
  })
  const announce = (text: string) => {
    reporter.announce({ tone: 'calm', text })
  }
  stopOnSignals(primary, announce)
  abortOnBugs(primary, context)
  await primary.start()
  await primary.finished
  announce('stopped: nothing is left running')
}

/** What `drover status` must be told to find this fleet from the same folder. */
async function hintFlags(config: FleetConfig, currentDir: string): Promise<string> {
  // A config that cannot be read here is not the one that was used: the hint names the folder then.
  const found = await readStateDir({ flags: {}, configPath: undefined, currentDir }).catch(() => '')
  return stateFlag(config.stateDir, found, currentDir)
}

/** Failures are told by `finished`, which is awaited. */
function settle(work: Promise<void>): void {
  work.catch(() => undefined)
}

function stopOnSignals(primary: Primary, announce: (text: string) => void): void {
  let firstAtMs: number | undefined
  const handle = (signal: NodeJS.Signals) => {
    const decision = decideInterrupt(firstAtMs, performance.now())
    firstAtMs ??= performance.now()
    if (decision === 'stop') {
      announce(`${signal}: finishing what is in flight, then stopping`)
      settle(primary.stop())
    } else if (decision === 'abort') {
      announce(`${signal} again: ending everything at once`)
      settle(primary.abort())
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handle)
}

/** A bug of ours must not leave a fleet without its supervisor. */
function abortOnBugs(primary: Primary, { printer, program }: CliContext): void {
  const handle = (error: unknown) => {
    printer.err(failureLine(error, program) ?? 'Cannot go on')
    if (error instanceof Error && error.stack !== undefined) printer.err(error.stack)
    void endAfterBug(primary, printer)
  }
  process.on('uncaughtException', handle)
  process.on('unhandledRejection', handle)
}

async function endAfterBug(primary: Primary, printer: Printer): Promise<never> {
  const aborted = primary.abort().then(() => primary.finished)
  // Whether that worked or not, the end of this process makes the guardian see to the rest.
  await Promise.race([aborted.catch(() => undefined), pause(abortTimeoutMs)])
  await printer.flush()
  process.exit(exitCodes.failed)
}
