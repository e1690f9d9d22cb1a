// `drover chaos`: does to a running fleet what will happen to it one day, and reports what its clients suffered.
import { Command } from 'commander'
import { DroverError } from '../base/errors.ts'
import { deedLine, reportLines } from './chaos/report-lines.ts'
import { chaosDefaults, readChaosOptions, type ChaosFlags, type ChaosOptions } from './chaos/options.ts'
import { checkMemory } from './chaos/memory-ballast.ts'
import { isOpenToOthers } from './chaos/reach.ts'
import type { ChaosReport } from './chaos/report.ts'
import { runChaos } from './chaos/run.ts'
import { addConnectionFlags, connectToFleet, type Connection, type ConnectionFlags } from './connection.ts'
import { decideInterrupt } from '../runtime/interrupt.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp, exitCodes } from './failure.ts'
import { typedFlag } from './invocation.ts'

type Flags = ConnectionFlags & ChaosFlags & { readonly yes?: boolean }

export function chaosCommand(context: CliContext): Command {
  const { program } = context
  const command = new Command('chaos').description(
    'kill, stop and slow parts of a running fleet, and report what its clients suffered',
  )
  addFaultFlags(command)
  addConnectionFlags(command)
  command.addHelpText(
    'after',
    `
Put load on the fleet meanwhile. Ctrl-C ends it early, with the report; nothing is left stopped.
Fails when a request of a client did.

Examples:
  ${program} chaos
  ${program} chaos --kill-every 500ms --hang --deploys --for 30s
  ${program} chaos --store-restart "systemctl restart redis" --json

${exitCodeHelp}`,
  )
  return command.action((flags: Flags) => unleash(context, flags))
}

function addFaultFlags(command: Command): Command {
  const seconds = (ms: number) => `${ms / 1_000} s`
  const { hangEveryMs, slowEveryMs, balancerEveryMs, deployEveryMs, storeRestartEveryMs } = chaosDefaults
  return command
    .option('--kill-every <time>', 'SIGKILL an instance each time (default without other faults: 1s)')
    .option('--hang', `SIGSTOP an instance every ${seconds(hangEveryMs)}, until the fleet replaces it`)
    .option('--slow', `leave an instance a fifth of its time for a while, every ${seconds(slowEveryMs)}`)
    .option('--memory <size>', 'hold this much of the memory, at most half of what is free')
    .option('--balancers', `SIGKILL a balancer every ${seconds(balancerEveryMs)}`)
    .option('--deploys', `deploy the same code again every ${seconds(deployEveryMs)}`)
    .option('--store-restart <command>', `run this every ${seconds(storeRestartEveryMs)}`)
    .option('--for <time>', `how long faults go on (default: ${seconds(chaosDefaults.forMs)})`)
    .option('--calm <time>', `look on before, to compare (default: ${seconds(chaosDefaults.calmMs)})`)
    .option('--seed <number>', 'repeat the run that has printed this')
    .option('--yes', 'also where others than this machine can reach the fleet')
}

async function unleash(context: CliContext, flags: Flags): Promise<void> {
  const options = readChaosOptions(flags)
  if (options.memoryBytes > 0) checkMemory(options.memoryBytes)
  const connection = await connectToFleet(context, flags)
  const { url } = await connection.client.status()
  if (flags.yes !== true && (await isOpenToOthers(url))) throw needsYes(url)
  if (flags.json !== true) announce(context, options, url)
  const report = await runUntilInterrupted(context, connection, options, flags)
  print(context, report, againWords(context, connection, report, flags), flags)
  if (!report.isGood) throw new Error(report.verdict)
}

async function runUntilInterrupted(
  { printer }: CliContext,
  { client }: Connection,
  options: ChaosOptions,
  { json = false }: Flags,
): Promise<ChaosReport> {
  const interruption = new AbortController()
  let rescue = () => {}
  let firstAtMs: number | undefined
  const interrupt = () => {
    const decision = decideInterrupt(firstAtMs, performance.now())
    firstAtMs ??= performance.now()
    if (decision === 'stop') interruption.abort()
    if (decision === 'abort') process.exit(exitCodes.failed)
  }
  process.once('exit', () => {
    rescue()
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  return runChaos({
    fleet: client,
    options,
    now: () => performance.now(),
    tell: (deed, atMs) => {
      if (!json) printer.out(deedLine(deed, atMs, printer))
    },
    interrupted: interruption.signal,
    onRescue: (resumeAllNow) => {
      rescue = resumeAllNow
    },
  })
}

function announce({ printer }: CliContext, { calmMs, forMs, seed }: ChaosOptions, url: string): void {
  const times = `calm for ${calmMs / 1_000} s, then faults for ${forMs / 1_000} s`
  printer.out(`${printer.paint('bold', url)}  ${times}, seed ${seed}`)
}

function print({ printer }: CliContext, report: ChaosReport, again: string, { json }: Flags): void {
  if (json === true) {
    printer.out(JSON.stringify(report, undefined, 2))
    return
  }
  for (const line of ['', ...reportLines(report, again, printer)]) printer.out(line)
  // A bad verdict is the error that the command ends with.
  if (report.isGood)
    printer.out(printer.paint(report.underFault.requests === 0 ? 'yellow' : 'green', report.verdict))
}

/** The words that repeat the run. */
function againWords(
  { program }: CliContext,
  connection: Connection,
  { seed }: ChaosReport,
  flags: Flags,
): string {
  const words = [
    typedFlag('--kill-every', flags.killEvery),
    flags.hang === true ? ' --hang' : '',
    flags.slow === true ? ' --slow' : '',
    typedFlag('--memory', flags.memory),
    flags.balancers === true ? ' --balancers' : '',
    flags.deploys === true ? ' --deploys' : '',
    typedFlag('--store-restart', flags.storeRestart),
    typedFlag('--for', flags.for),
    typedFlag('--calm', flags.calm),
    flags.yes === true ? ' --yes' : '',
  ]
  return `${program} chaos${words.join('')} --seed ${seed}${connection.flags}`
}

function needsYes(url: string): DroverError {
  const message = `Cannot let chaos loose on ${url}: others than this machine can reach it, wanted --yes`
  return new DroverError('OPTION_INVALID', message)
}
