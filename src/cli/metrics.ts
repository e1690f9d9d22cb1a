// `drover metrics`: what the fleet counts, in Prometheus' text format; needs no open port.
import { Command } from 'commander'
import { addPlaceFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'

export function metricsCommand(context: CliContext): Command {
  const { printer, program } = context
  const command = new Command('metrics').description(
    "print the metrics of a running fleet in Prometheus' text format",
  )
  return addPlaceFlags(command)
    .addHelpText('after', `\nExample:\n  ${program} metrics | grep drover_requests_total\n\n${exitCodeHelp}`)
    .action(async (flags: ConnectionFlags) => {
      const { client } = await connectToFleet(context, flags)
      printer.out((await client.metrics()).trimEnd())
    })
}
