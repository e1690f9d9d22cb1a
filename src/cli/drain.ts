// `drover drain <id>`: has one instance replaced; it finishes what it has, then goes.
import { Command } from 'commander'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'

/** A start, the requests in flight and a stop: longer than any sensible timeouts of theirs together. */
const drainTimeoutMs = 30 * 60_000

export function drainCommand(context: CliContext): Command {
  const { printer, program } = context
  const command = new Command('drain')
    .description('replace one instance: it finishes what it has, then stops')
    .argument('<id>', 'the instance, by its id in status')
  addConnectionFlags(command)
  command.addHelpText('after', `\nExample:\n  ${program} drain 2\n\n${exitCodeHelp}`)
  return command.action(async (id: string, flags: ConnectionFlags) => {
    const { client } = await connectToFleet(context, flags)
    const drained = await client.drain(id, drainTimeoutMs)
    if (flags.json === true) printer.out(JSON.stringify(drained))
    else printer.out(`Drained ${printer.paint('bold', `instance ${drained.id}`)}: another one took its place`)
  })
}
