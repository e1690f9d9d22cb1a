// `drover deploy`: exchanges the version that runs for another one, instance by instance, or gives such an exchange up.
import { stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import { invalidOption } from '../base/errors.ts'
import type { ControlClient } from '../control/client.ts'
import { addConnectionFlags, connectToFleet } from './connection.ts'
import type { CliContext } from './context.ts'
import { checkAbortAlone, defaultCanaryTime, deployRequest, type DeployFlags } from './deploy-flags.ts'
import { runDeploy } from './deploy-run.ts'
import { exitCodeHelp } from './failure.ts'
import { collect } from './variables.ts'

const pollMs = 100

export function deployCommand(context: CliContext): Command {
  const command = new Command('deploy')
    .description('exchange the version that runs, instance by instance, without a failed request')
    .argument('[command...]', 'the program of an instance and its arguments, after -- (default: as before)')
    .option('--dir <folder>', 'the folder of the new code (default: as before)')
    .option('-e, --env <name=value>', 'a variable that is to differ from before; repeatable', collect)
    .option('--label <label>', "what the new version is called (default: git's short commit)")
    .option('--surge <number>', 'how many instances are started beside the old ones at a time (default: 1)')
    .option('--canary <share>', 'first exchange only this share of the instances, such as 10%')
    .option('--for <time>', `and look at them for so long (default: ${defaultCanaryTime})`)
    .option('--abort', 'give up the deploy that goes on, and bring the version before it back')
  addConnectionFlags(command).addHelpText('after', helpAfter(context.program))
  return command.action(async (words: readonly string[], flags: DeployFlags) => {
    if (flags.abort === true) await abortDeploy(context, words, flags)
    else await deploy(context, words, flags)
  })
}

async function deploy(context: CliContext, words: readonly string[], flags: DeployFlags): Promise<void> {
  const request = deployRequest(words, flags, context.currentDir)
  if (request.dir !== undefined) await checkFolder(flags.dir, request.dir)
  const connection = await connectToFleet(context, flags)
  await runDeploy(context, {
    connection,
    isJson: flags.json === true,
    start: (onEvent) => connection.client.deploy(request, onEvent),
  })
}

async function checkFolder(typed: string | undefined, folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (found?.isDirectory() !== true) throw invalidOption('--dir', typed, 'a folder that exists')
}

async function abortDeploy(context: CliContext, words: readonly string[], flags: DeployFlags): Promise<void> {
  checkAbortAlone(words, flags)
  const { printer } = context
  const { client } = await connectToFleet(context, flags)
  const aborted = await client.abortDeploy()
  const running = aborted.version === null ? undefined : await untilGivenUp(client)
  if (flags.json === true) printer.out(JSON.stringify(aborted))
  else if (running === undefined) printer.out('There is no deploy to give up')
  else printer.out(`Gave up ${aborted.version ?? 'the deploy'}: ${running} runs`)
}

/** The version that runs once the deploy that was given up has ended. */
async function untilGivenUp(client: ControlClient): Promise<string> {
  const { deploy: first } = await client.status()
  for (;;) {
    const { deploy: now, version } = await client.status()
    if (now === null || now.number !== first?.number) return version
    await pause(pollMs)
  }
}

function helpAfter(program: string): string {
  return `
A new instance starts beside the old ones, is looked at until it was healthy for a while, and only then an old one finishes
what it has and goes. If the new version is not ready in time, fails more or is much slower, it goes and the old one stays.
Ctrl-C gives the deploy up and waits for that; once more leaves at once. If this command dies, the deploy goes on.

Examples:
  ${program} deploy
  ${program} deploy --dir ../shop-2 --canary 10% --for 30s
  ${program} deploy --env LOG_LEVEL=debug -- node server.ts

${exitCodeHelp}`
}
