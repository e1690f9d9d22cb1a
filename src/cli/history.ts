// `drover history`: the versions that were run or tried, oldest first.
import { Command } from 'commander'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'
import { historyLines } from './history-table.ts'

export function historyCommand(context: CliContext): Command {
  const { printer, program } = context
  const command = new Command('history').description('show the versions that were run or tried')
  addConnectionFlags(command)
  command.addHelpText('after', `\nExample:\n  ${program} history\n\n${exitCodeHelp}`)
  return command.action(async (flags: ConnectionFlags) => {
    const { client } = await connectToFleet(context, flags)
    const entries = await client.history()
    if (flags.json === true) printer.out(JSON.stringify(entries, undefined, 2))
    else for (const line of historyLines(entries, Date.now(), printer)) printer.out(line)
  })
}
