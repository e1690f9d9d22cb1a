// `drover status`: the fleet at this moment; for a person at a terminal, or with --watch, from moment to moment.
import { Command } from 'commander'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'
import { listenForEnd } from './keys.ts'
import { createScreen, terminalSize } from './screen.ts'
import { statusLines } from './status-table.ts'
import { watchFleet } from './watch.ts'

interface StatusFlags extends ConnectionFlags {
  readonly watch?: boolean
  readonly once?: boolean
}

export function statusCommand(context: CliContext): Command {
  const command = new Command('status')
    .description('show the instances of a running fleet')
    .option('--once', 'on a terminal too, print them once and end')
    .option('-w, --watch', 'where nobody looks too, show them once a second; with --json one line each time')
  addConnectionFlags(command).addHelpText('after', helpAfter(context.program))
  return command.action(async ({ watch, once, ...flags }: StatusFlags) => {
    const isLive = context.printer.isTerminal && flags.json !== true
    if (watch ?? (isLive && once !== true)) await watchUntilEnded(context, flags)
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

async function watchUntilEnded(context: CliContext, flags: ConnectionFlags): Promise<void> {
  const { client } = await connectToFleet(context, flags)
  const { printer } = context
  const over = new AbortController()
  const end = () => {
    over.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  const isLive = flags.json !== true && printer.isTerminal
  const giveBack = isLive ? listenForEnd(process.stdin, end) : () => undefined
  const screen = createScreen(printer, isLive)
  try {
    await watchFleet({
      look: () => client.status(),
      now: () => performance.now(),
      signal: over.signal,
      isPatient: isLive,
      show: (view) => {
        if (flags.json === true) printer.out(JSON.stringify(view.json))
        else if (isLive) screen.show([...view.lines(printer, terminalSize().columns), '', keysLine(context)])
        else screen.show(view.lines(printer))
      },
    })
  } finally {
    screen.end()
    giveBack()
  }
}

function keysLine({ printer }: CliContext): string {
  return printer.paint('dim', 'q or Ctrl-C ends')
}

function helpAfter(program: string): string {
  return `
On a terminal the view is live, until q or Ctrl-C. Into a pipe it is printed once.
P99 is the time within which 99 of 100 requests were answered, ERRORS are answers of 500 and above, FAILURES are attempts
without an answer; most of those were repeated on another instance.

Examples:
  ${program} status
  ${program} status --json
  ${program} status --watch --json

${exitCodeHelp}`
}
