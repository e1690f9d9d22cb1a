// The command line as a whole: its commands, and how an error ends it.
import { Command, type CommanderError } from 'commander'
import { chaosCommand } from './chaos.ts'
import type { CliContext } from './context.ts'
import { deployCommand } from './deploy.ts'
import { drainCommand } from './drain.ts'
import { exitCodeHelp, exitCodeOf, exitCodes, failureLine, usageError, type ExitCode } from './failure.ts'
import { historyCommand } from './history.ts'
import { killCommand } from './kill.ts'
import { logsCommand } from './logs.ts'
import { metricsCommand } from './metrics.ts'
import { ownVersion } from './own-version.ts'
import type { Prove } from '../prove/request.ts'
import { proveCommand } from './prove.ts'
import { reloadCommand } from './reload.ts'
import { rollbackCommand } from './rollback.ts'
import { scaleCommand } from './scale.ts'
import { statusCommand } from './status.ts'
import { stopCommand } from './stop.ts'
import { upCommand } from './up.ts'

/** In the order in which help shows them. */
const groups: Readonly<Record<string, readonly ((context: CliContext) => Command)[]>> = {
  'Run:': [upCommand, stopCommand, reloadCommand],
  'Change:': [deployCommand, rollbackCommand, scaleCommand, drainCommand, killCommand, chaosCommand],
  'Look:': [statusCommand, logsCommand, historyCommand, metricsCommand],
  'Prove:': [(context) => proveCommand(context, prove)],
}

/** Loaded when it is asked for: no other command has a use for parsers. */
const prove: Prove = async (request, ports) => {
  const { prove: judge } = await import('../prove/prove.ts')
  return judge(request, ports)
}

/** Runs the command that `args` name, without the interpreter and the script. Never rejects. */
export async function runProgram(args: readonly string[], context: CliContext): Promise<ExitCode> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' })
    return exitCodes.done
  } catch (error) {
    const line = failureLine(error, context.program)
    if (line !== undefined) context.printer.err(line)
    return exitCodeOf(error)
  }
}

function createProgram(context: CliContext): Command {
  const { program } = context
  const root = new Command('drover')
    .description('Runs any HTTP app as interchangeable servers: kill one and no user notices.')
    .version(ownVersion(), '-v, --version', 'print the version of drover')
    // So that options after a command's name are the command's own, and everything after -- stays untouched.
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', `\nExample:\n  ${program} up --instances 3 -- node server.ts\n\n${exitCodeHelp}`)
  for (const [heading, creates] of Object.entries(groups))
    for (const create of creates) root.addCommand(create(context).helpGroup(heading))
  for (const command of [root, ...root.commands]) throwErrors(command, context)
  return root
}

/** Errors are thrown, and printed in one place: one line each. */
function throwErrors(command: Command, { printer, program }: CliContext): void {
  const name = command.parent === null ? program : command.name()
  const rethrow = (error: CommanderError) => {
    throw usageError(error, name, program)
  }
  command.exitOverride(rethrow).configureOutput({
    outputError: () => undefined,
    writeOut: (text) => {
      printer.out(text.replace(/\n$/, ''))
    },
    writeErr: (text) => {
      printer.err(text.replace(/\n$/, ''))
    },
  })
}
