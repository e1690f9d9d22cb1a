// Shows a snapshot of the fleet to a person.
import type { BalancerSnapshot, FleetSnapshot, InstanceSnapshot } from '../control/snapshot.ts'
import { formatAge } from './age.ts'
import type { Printer, Style } from './printer.ts'
import { formatTable, type Column } from './table.ts'

type Painter = Pick<Printer, 'paint'>

/** Answered attempts per second of each instance, by id; an instance may have none yet. */
export type Rates = ReadonlyMap<string, number>

const leftColumns: readonly Column[] = [
  { title: 'ID', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'PID', align: 'right' },
  { title: 'PORT', align: 'right' },
  { title: 'VERSION', align: 'left' },
]
const rateColumn: Column = { title: 'REQ/S', align: 'right' }
const rightColumns: readonly Column[] = [
  { title: 'IN FLIGHT', align: 'right' },
  { title: 'REQUESTS', align: 'right' },
  { title: 'FAILURES', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'UPTIME', align: 'right' },
]

/** The whole answer of `drover status`; with `rates`, a column for them and a line for the balancers. */
export function statusLines(snapshot: FleetSnapshot, printer: Painter, rates?: Rates): string[] {
  const { instances, balancers } = snapshot
  const columns = [...leftColumns, ...(rates === undefined ? [] : [rateColumn]), ...rightColumns]
  const [titles = '', ...rows] = formatTable(
    columns,
    instances.map((instance) => cells(instance, rates)),
  )
  const coloured = rows.map((row, index) => paintState(row, shownState(instances[index]), printer))
  const isNotable = rates !== undefined || balancers.length > 1 || balancers.some(isTroubled)
  return [
    headline(snapshot, printer, rates),
    '',
    printer.paint('dim', titles),
    ...coloured,
    ...(isNotable ? ['', balancerLine(balancers, printer)] : []),
  ]
}

function headline(snapshot: FleetSnapshot, printer: Painter, rates?: Rates): string {
  const ready = snapshot.instances.filter(({ state }) => state === 'ready').length
  const facts = [
    snapshot.state,
    `${ready} of ${snapshot.instances.length} ready`,
    `version ${snapshot.version}`,
    `up ${formatAge(snapshot.uptimeMs)}`,
    ...(rates === undefined || rates.size === 0 ? [] : [`${shownRate(sum([...rates.values()]))} requests/s`]),
    ...(snapshot.parked > 0 ? [`${snapshot.parked} waiting for an instance`] : []),
  ]
  return `${printer.paint('bold', snapshot.url)}  ${facts.join(' · ')}`
}

function isTroubled({ state, restarts }: BalancerSnapshot): boolean {
  return state !== 'serving' || restarts > 0
}

/** `balancers  812 serving · 815 serving, restarted once`. */
function balancerLine(balancers: readonly BalancerSnapshot[], printer: Painter): string {
  const shown = balancers.map(({ pid, state, restarts }) => {
    const style = state === 'serving' ? 'green' : state === 'down' ? 'red' : 'yellow'
    const times = restarts === 0 ? '' : `, restarted ${restarts === 1 ? 'once' : `${restarts} times`}`
    return `${pid === null ? '' : `${pid} `}${printer.paint(style, state)}${times}`
  })
  const title = balancers.length === 1 ? 'balancer' : 'balancers'
  return `${printer.paint('dim', title)}  ${shown.join(' · ')}`
}

function cells(instance: InstanceSnapshot, rates?: Rates): string[] {
  const rate = rates?.get(instance.id)
  return [
    instance.id,
    shownState(instance),
    String(instance.pid ?? '-'),
    String(instance.port ?? '-'),
    instance.version,
    ...(rates === undefined ? [] : [rate === undefined ? '-' : shownRate(rate)]),
    String(instance.inFlight),
    String(instance.requests),
    String(instance.failures),
    String(instance.restarts),
    instance.uptimeMs === null ? '-' : formatAge(instance.uptimeMs),
  ]
}

/** Tenths only where they say something. */
function shownRate(rate: number): string {
  return rate > 0 && rate < 10 ? rate.toFixed(1) : String(Math.round(rate))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** A ready instance that is given nothing is shown as what it is to its users. */
function shownState(instance: InstanceSnapshot | undefined): string {
  if (instance === undefined) return ''
  return instance.state === 'ready' && instance.ejected ? 'ejected' : instance.state
}

const stateStyles: Readonly<Record<string, Style>> = {
  starting: 'yellow',
  ready: 'green',
  ejected: 'red',
  draining: 'yellow',
  stopping: 'yellow',
  backoff: 'red',
  stopped: 'dim',
}

/** Colours the state's word, after the columns are aligned: escape codes have no width on the screen but count in text. */
function paintState(row: string, state: string, printer: Painter): string {
  const style = stateStyles[state]
  return style === undefined ? row : row.replace(` ${state}`, ` ${printer.paint(style, state)}`)
}
