// `drover scale <N|auto>`: how many instances there are to be.
import { Command } from 'commander'
import { counted } from '../base/counted.ts'
import { invalidOption } from '../base/errors.ts'
import { maxInstances } from '../config/options.ts'
import type { Scale } from '../control/snapshot.ts'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'

export function scaleCommand(context: CliContext): Command {
  const { printer, program } = context
  const command = new Command('scale')
    .description('say how many instances run, or let the load decide')
    .argument('<to>', `a number from 1 to ${maxInstances}, or auto`)
  addConnectionFlags(command)
  command.addHelpText('after', helpAfter(program))
  return command.action(async (to: string, flags: ConnectionFlags) => {
    const wanted = wantedScale(to)
    const { client } = await connectToFleet(context, flags)
    const scale = await client.scale(wanted)
    printer.out(flags.json === true ? JSON.stringify(scale) : scaleText(scale))
  })
}

/** Throws OPTION_INVALID for what is neither. */
export function wantedScale(to: string): number | 'auto' {
  if (to === 'auto') return to
  const number = /^\d{1,3}$/.test(to) ? Number(to) : 0
  if (number >= 1 && number <= maxInstances) return number
  throw invalidOption('scale', to, `a whole number from 1 to ${maxInstances}, or auto`)
}

export function scaleText({ instances, autoscale }: Scale): string {
  const now = counted(instances, 'instance')
  if (autoscale === null) return `Scaled to ${now}, whatever the load`
  return `The load decides, between ${autoscale.min} and ${autoscale.max}: ${now} for now`
}

function helpAfter(program: string): string {
  return `
Instances that are too many finish what they have before they go. Auto needs --min and --max of drover up.

Examples:
  ${program} scale 5
  ${program} scale auto

${exitCodeHelp}`
}
