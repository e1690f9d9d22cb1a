// `drover reload`: has a running fleet read its configuration again, and exchange its balancers for new code.
import { Command } from 'commander'
import { counted } from '../base/counted.ts'
import type { Reloaded } from '../control/commands.ts'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'

/** Replacing many balancers takes a start and a drain for each. */
const reloadTimeoutMs = 30 * 60_000

type ReloadFlags = ConnectionFlags & { readonly balancers?: boolean }

export function reloadCommand(context: CliContext): Command {
  const { printer } = context
  const command = new Command('reload')
    .description('read the configuration again and apply what can change while the fleet runs')
    .option('--balancers', 'also replace the balancers by the code on disk; no request is lost')
  addConnectionFlags(command)
  command.addHelpText('after', helpAfter(context.program))
  return command.action(async ({ balancers = false, ...flags }: ReloadFlags) => {
    const { client } = await connectToFleet(context, flags)
    const reloaded = await client.reload({ balancers }, reloadTimeoutMs)
    if (flags.json === true) printer.out(JSON.stringify(reloaded))
    else for (const line of reloadedLines(reloaded)) printer.out(line)
  })
}

/** The whole answer for a person. */
export function reloadedLines({ applied, restart, certificates, replaced, cut }: Reloaded): string[] {
  const lines = [applied.length === 0 ? 'Nothing to apply' : `Applied: ${applied.join(', ')}`]
  if (certificates) lines.push('Certificates were read again')
  if (restart.length > 0) lines.push(`Needs a restart of drover up: ${restart.join(', ')}`)
  if (replaced > 0) lines.push(replaced === 1 ? 'Replaced the balancer' : `Replaced ${replaced} balancers`)
  if (cut > 0) lines.push(`Cut by the drain timeout: ${counted(cut, 'request')}`)
  return lines
}

function helpAfter(program: string): string {
  return `
The fleet reads the file and the flags that drover up was given. These apply at once: limits, weights, tls (the files
are read again), tlsMinVersion, proxyProtocol, idempotentRoutes, hedging, reveal, trustForwarded, accessLog,
drainTimeout. What else changed is named, and waits for a restart. A configuration that is wrong changes nothing.

Examples:
  ${program} reload
  ${program} reload --balancers

${exitCodeHelp}`
}
