// Shows a snapshot of the fleet to a person.
import { counted } from '../base/counted.ts'
import type { BalancerSnapshot, FleetSnapshot, InstanceSnapshot } from '../control/snapshot.ts'
import { formatAge } from './age.ts'
import type { Printer, Style } from './printer.ts'
import { formatTable, type Column } from './table.ts'

type Painter = Pick<Printer, 'paint'>

/** Answered attempts per second of each instance, by id; an instance may have none yet. */
export type Rates = ReadonlyMap<string, number>

interface StatusColumn extends Column {
  readonly cell: (instance: InstanceSnapshot, rates: Rates) => string
}

const columns: readonly StatusColumn[] = [
  { title: 'ID', align: 'left', cell: ({ id }) => id },
  { title: 'STATE', align: 'left', cell: shownState },
  { title: 'PID', align: 'right', cell: ({ pid }) => String(pid ?? '-') },
  { title: 'PORT', align: 'right', cell: ({ port }) => String(port ?? '-') },
  { title: 'VERSION', align: 'left', cell: ({ version }) => version },
  { title: 'IN FLIGHT', align: 'right', cell: ({ inFlight }) => String(inFlight) },
  { title: 'REQ/S', align: 'right', cell: ({ id }, rates) => shownRate(rates.get(id)) },
  { title: 'P99', align: 'right', cell: ({ p99Ms }) => shownTime(p99Ms) },
  { title: 'REQUESTS', align: 'right', cell: ({ requests }) => String(requests) },
  { title: 'ERRORS', align: 'right', cell: ({ errors }) => String(errors) },
  { title: 'FAILURES', align: 'right', cell: ({ failures }) => String(failures) },
  { title: 'RESTARTS', align: 'right', cell: ({ restarts }) => String(restarts) },
  {
    title: 'UPTIME',
    align: 'right',
    cell: ({ uptimeMs }) => (uptimeMs === null ? '-' : formatAge(uptimeMs)),
  },
]
/** What a narrow terminal does without, first to last. */
const dispensable: readonly string[] = ['PORT', 'REQUESTS', 'PID', 'FAILURES', 'UPTIME', 'ERRORS']

export interface StatusLook {
  /** Answered attempts per second; with them come a column and a line for the balancers. */
  readonly rates?: Rates
  /** The columns of the terminal, where the table is to fit into them. */
  readonly width?: number
}

/** The whole answer of `drover status`. */
export function statusLines(
  snapshot: FleetSnapshot,
  printer: Painter,
  { rates, width = Infinity }: StatusLook = {},
): string[] {
  const { instances, balancers } = snapshot
  const [titles = '', ...rows] = fittingTable(instances, rates, width)
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

/** As many columns as there is room for. */
function fittingTable(
  instances: readonly InstanceSnapshot[],
  rates: Rates | undefined,
  width: number,
): string[] {
  let shown = columns.filter(({ title }) => rates !== undefined || title !== 'REQ/S')
  for (const least of [...dispensable, undefined]) {
    const rows = instances.map((instance) => shown.map(({ cell }) => cell(instance, rates ?? new Map())))
    const table = formatTable(shown, rows)
    if (least === undefined || table.every((line) => line.length <= width)) return table
    shown = shown.filter(({ title }) => title !== least)
  }
  return []
}

function headline(snapshot: FleetSnapshot, printer: Painter, rates?: Rates): string {
  const { instances, deploy } = snapshot
  const spares = instances.filter(({ isSpare, state }) => isSpare && state === 'ready').length
  const facts = [
    snapshot.state,
    readyText(snapshot),
    ...(spares > 0 ? [counted(spares, 'spare')] : []),
    `version ${snapshot.version}`,
    ...(deploy === null ? [] : [printer.paint('yellow', `deploying ${deploy.version}`)]),
    `up ${formatAge(snapshot.uptimeMs)}`,
    ...(rates === undefined || rates.size === 0 ? [] : [`${shownRate(sum([...rates.values()]))} requests/s`]),
    ...(snapshot.parked > 0 ? [`${snapshot.parked} waiting for an instance`] : []),
  ]
  return `${printer.paint('bold', snapshot.url)}  ${facts.join(' · ')}`
}

/** `3 of 4 ready`, or where the load decides `3 of 4 ready in 2..10`. An older fleet does not say how many it is to have. */
function readyText({ instances, scale }: FleetSnapshot): string {
  const ready = instances.filter(({ state, isSpare }) => state === 'ready' && !isSpare).length
  const wanted = scale.instances === 0 ? instances.length : scale.instances
  const bounds = scale.autoscale === null ? '' : ` in ${scale.autoscale.min}..${scale.autoscale.max}`
  return `${ready} of ${wanted} ready${bounds}`
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

/** Tenths only where they say something. */
function shownRate(rate: number | undefined): string {
  if (rate === undefined) return '-'
  return rate > 0 && rate < 10 ? rate.toFixed(1) : String(Math.round(rate))
}

function shownTime(durationMs: number | null): string {
  if (durationMs === null) return '-'
  return durationMs < 1_000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1_000).toFixed(1)} s`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** A ready instance that is given nothing is shown as what it is to its users; a warm one as what it waits for. */
function shownState(instance: InstanceSnapshot | undefined): string {
  if (instance === undefined) return ''
  if (instance.state !== 'ready') return instance.state
  return instance.isSpare ? 'spare' : instance.ejected ? 'ejected' : 'ready'
}

const stateStyles: Readonly<Record<string, Style>> = {
  starting: 'yellow',
  ready: 'green',
  spare: 'cyan',
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
