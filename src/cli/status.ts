// `drover status`: the fleet at this moment, or with --watch from moment to moment.
import { Command } from 'commander'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'
import { createScreen } from './screen.ts'
import { statusLines } from './status-table.ts'
import { watchFleet } from './watch.ts'

type StatusFlags = ConnectionFlags & { readonly watch?: boolean }

export function statusCommand(context: CliContext): Command {
  const { program } = context
  const command = new Command('status')
    .description('show the instances of a running fleet')
    .option('-w, --watch', 'show them once a second, until Ctrl-C; with --json one line each time')
  addConnectionFlags(command)
  command.addHelpText(
    'after',
    `\nExamples:\n  ${program} status --json\n  ${program} status --watch\n\n${exitCodeHelp}`,
  )
  return command.action(async ({ watch = false, ...flags }: StatusFlags) => {
    if (watch) await watchUntilInterrupted(context, flags)
    else await showOnce(context, flags)
  })
}

async function showOnce(context: CliContext, flags: ConnectionFlags): Promise<void> {
  const { printer } = context
  const { client } = await connectToFleet(context, flags)
  const snapshot = await client.status()
  if (flags.json === true) printer.out(JSON.stringify(snapshot, undefined, 2))
  else for (const line of statusLines(snapshot, printer)) printer.out(line)
}

async function watchUntilInterrupted(context: CliContext, flags: ConnectionFlags): Promise<void> {
  const { client } = await connectToFleet(context, flags)
  const { printer } = context
  const over = new AbortController()
  const end = () => {
    over.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end)
  const isLive = flags.json !== true && printer.isTerminal
  const screen = createScreen(printer, isLive)
  await watchFleet({
    look: () => client.status(),
    now: () => performance.now(),
    signal: over.signal,
    isPatient: isLive,
    show: (view) => {
      if (flags.json === true) printer.out(JSON.stringify(view.json))
      else screen.show(view.lines(printer))
    },
  })
  screen.end()
}
