// `drover kill <id>`: SIGKILLs one instance, to see that nobody notices.
import { Command } from 'commander'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'

export function killCommand(context: CliContext): Command {
  const { printer, program } = context
  const command = new Command('kill')
    .description('SIGKILL one instance, to see that nobody notices')
    .argument('<id>', 'the instance, by its id in status')
  addConnectionFlags(command)
  command.addHelpText('after', `\nExample:\n  ${program} kill 2\n\n${exitCodeHelp}`)
  return command.action(async (id: string, flags: ConnectionFlags) => {
    const connection = await connectToFleet(context, flags)
    const { url } = await connection.client.status()
    const killed = await connection.client.kill(id)
    if (flags.json === true) {
      printer.out(JSON.stringify(killed))
      return
    }
    const name = printer.paint('bold', `instance ${killed.id}`)
    printer.out(`Killed ${name} (process ${killed.pid}). ${url} answers as before`)
    printer.out(printer.paint('dim', `See it come back: ${program} status${connection.flags}`))
  })
}
