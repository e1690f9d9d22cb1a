// `drover logs [id]`: the last lines of instances, fleet and access log, and with -f those that follow.
import { Command } from 'commander'
import { counted } from '../base/counted.ts'
import { accessLogName, fleetName } from '../runtime/reporter.ts'
import { maxLogRequest } from '../control/requests.ts'
import type { LogEntry, LogRequest } from '../control/commands.ts'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'
import { prefix, styleOf } from './fleet-printer.ts'
import type { Printer } from './printer.ts'
import { wholeNumber } from './whole-number.ts'

const defaultLines = '100'

interface LogFlags extends ConnectionFlags {
  readonly follow?: boolean
  readonly lines: string
}

export function logsCommand(context: CliContext): Command {
  const command = new Command('logs')
    .description('show what instances and fleet wrote')
    .argument('[id]', "only this instance's lines; drover and access are the fleet's own")
    .option('-f, --follow', 'go on with new lines, until Ctrl-C or the end of the fleet')
    .option('-n, --lines <number>', 'how many of the last lines to begin with', defaultLines)
  addConnectionFlags(command).addHelpText('after', helpAfter(context.program))
  return command.action(async (id: string | undefined, flags: LogFlags) => {
    const request: LogRequest = {
      lines: wholeNumber('--lines', flags.lines, 0, maxLogRequest),
      follow: flags.follow === true,
      ...(id === undefined ? {} : { instance: id }),
    }
    await printLogs(context, request, flags)
  })
}

async function printLogs(context: CliContext, request: LogRequest, flags: LogFlags): Promise<void> {
  const { client } = await connectToFleet(context, flags)
  const { printer } = context
  const over = new AbortController()
  const end = () => {
    over.abort()
  }
  // Under npm run, one Ctrl-C arrives twice.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
  const interrupted = new Promise<void>((resolve) => {
    over.signal.addEventListener('abort', () => {
      resolve()
    })
  })
  const print = async (entry: LogEntry) => {
    printer.out(flags.json === true ? JSON.stringify(entry) : logText(entry, printer))
    // So that a reader that pauses, such as a pager, misses nothing that the fleet still has.
    if (!(await printer.taken())) end()
  }
  await Promise.race([client.logs(request, print, over.signal), interrupted])
}

/** As `drover up` shows it. */
export function logText(entry: LogEntry, printer: Pick<Printer, 'paint'>): string {
  if ('dropped' in entry) {
    return printer.paint(
      'dim',
      `… ${counted(entry.dropped, 'line')} dropped here: they were not read in time`,
    )
  }
  const style = entry.id === fleetName || entry.id === accessLogName ? 'dim' : styleOf(entry.id)
  return `${printer.paint(style, prefix(entry.id))} ${entry.text}`
}

function helpAfter(program: string): string {
  return `
The fleet keeps its last 5000 lines, at most 4 MB.

Examples:
  ${program} logs 2 -n 20
  ${program} logs --follow

${exitCodeHelp}`
}
