// `drover status`: the fleet at this moment.
import { Command } from 'commander'
import type { FleetSnapshot, InstanceSnapshot, InstanceState } from '../control/snapshot.ts'
import { formatAge } from './age.ts'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'
import type { Printer, Style } from './printer.ts'
import { formatTable, type Column } from './table.ts'

export function statusCommand(context: CliContext): Command {
  const { printer, program } = context
  const command = new Command('status').description('show the instances of a running fleet')
  addConnectionFlags(command)
  command.addHelpText('after', `\nExample:\n  ${program} status --json\n\n${exitCodeHelp}`)
  return command.action(async (flags: ConnectionFlags) => {
    const { client } = await connectToFleet(context, flags)
    const snapshot = await client.status()
    if (flags.json === true) printer.out(JSON.stringify(snapshot, undefined, 2))
    else for (const line of statusLines(snapshot, printer)) printer.out(line)
  })
}

const columns: readonly Column[] = [
  { title: 'ID', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'PID', align: 'right' },
  { title: 'PORT', align: 'right' },
  { title: 'VERSION', align: 'left' },
  { title: 'IN FLIGHT', align: 'right' },
  { title: 'REQUESTS', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'UPTIME', align: 'right' },
]

/** The whole answer of `drover status` for a person. */
export function statusLines(snapshot: FleetSnapshot, printer: Pick<Printer, 'paint'>): string[] {
  const [titles = '', ...rows] = formatTable(columns, snapshot.instances.map(cells))
  const coloured = rows.map((row, index) => paintState(row, snapshot.instances[index]?.state, printer))
  return [headline(snapshot, printer), '', printer.paint('dim', titles), ...coloured]
}

function headline(snapshot: FleetSnapshot, printer: Pick<Printer, 'paint'>): string {
  const ready = snapshot.instances.filter(({ state }) => state === 'ready').length
  const balancerRestarts = snapshot.balancers.reduce((sum, { restarts }) => sum + restarts, 0)
  const facts = [
    snapshot.state,
    `${ready} of ${snapshot.instances.length} ready`,
    `version ${snapshot.version}`,
    `up ${formatAge(snapshot.uptimeMs)}`,
    ...(snapshot.parked > 0 ? [`${snapshot.parked} waiting for an instance`] : []),
    ...(balancerRestarts > 0 ? [`balancer restarted ${balancerRestarts} times`] : []),
  ]
  return `${printer.paint('bold', snapshot.url)}  ${facts.join(' · ')}`
}

function cells(instance: InstanceSnapshot): string[] {
  return [
    instance.id,
    instance.state,
    String(instance.pid ?? '-'),
    String(instance.port ?? '-'),
    instance.version,
    String(instance.inFlight),
    String(instance.requests),
    String(instance.restarts),
    instance.uptimeMs === null ? '-' : formatAge(instance.uptimeMs),
  ]
}

const stateStyles: Readonly<Record<InstanceState, Style>> = {
  starting: 'yellow',
  ready: 'green',
  draining: 'yellow',
  stopping: 'yellow',
  backoff: 'red',
  stopped: 'dim',
}

/** Colours the state's word, after the columns are aligned: escape codes have no width on the screen but count in text. */
function paintState(row: string, state: InstanceState | undefined, printer: Pick<Printer, 'paint'>): string {
  return state === undefined ? row : row.replace(` ${state}`, ` ${printer.paint(stateStyles[state], state)}`)
}
