// `drover rollback [number]`: deploys a version that ran before.
import { Command } from 'commander'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { runDeploy } from './deploy-run.ts'
import { exitCodeHelp } from './failure.ts'
import { wholeNumber } from './whole-number.ts'

const maxNumber = 999_999_999

export function rollbackCommand(context: CliContext): Command {
  const { program } = context
  const command = new Command('rollback')
    .description('deploy a version that ran before')
    .argument('[number]', 'its number in history (default: the last other one that ran before)')
  addConnectionFlags(command)
  command.addHelpText(
    'after',
    `\nExamples:\n  ${program} rollback\n  ${program} rollback 3\n\n${exitCodeHelp}`,
  )
  return command.action(async (typed: string | undefined, flags: ConnectionFlags) => {
    const request = typed === undefined ? {} : { number: wholeNumber('number', typed, 1, maxNumber) }
    const connection = await connectToFleet(context, flags)
    await runDeploy(context, {
      connection,
      isJson: flags.json === true,
      start: (onEvent) => connection.client.rollback(request, onEvent),
    })
  })
}
