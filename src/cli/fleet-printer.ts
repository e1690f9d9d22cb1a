// Shows a running fleet on the terminal: each instance's output behind its id, what happens to it, and what to try.
import type { FleetSnapshot } from '../control/snapshot.ts'
import type { Announcement } from '../runtime/announcement.ts'
import type { FleetReporter } from '../runtime/reporter.ts'
import type { Printer, Style } from './printer.ts'

const ownName = 'drover'
/** Told apart on dark and light grounds alike; red and green are left for bad and good news. */
const instanceStyles: readonly Style[] = ['cyan', 'magenta', 'yellow', 'blue', 'cyanBright', 'magentaBright']

export interface FleetHints {
  /** The words that call this program, such as `npx drover`. */
  readonly program: string
  /** What the hints must add to reach this fleet, such as ` --state run`; empty for the usual place. */
  readonly flags: string
}

export function createFleetPrinter(printer: Printer, hints: FleetHints): FleetReporter {
  return {
    output: (id, stream, line) => {
      const kind = stream === 'stdout' ? 'out' : 'err'
      const text = `${printer.paint(styleOf(id), prefix(id), kind)} ${line}`
      if (kind === 'out') printer.out(text)
      else printer.err(text)
    },
    announce: (announcement) => {
      printer.out(`${printer.paint('dim', prefix(ownName))} ${paintTone(announcement, printer)}`)
    },
    welcome: (snapshot) => {
      for (const line of welcomeLines(snapshot, hints, printer)) printer.out(line)
    },
  }
}

/** Ids stand right-aligned under `drover`, so that all output starts in one column. */
export function prefix(name: string): string {
  return `${name.padStart(ownName.length)} |`
}

export function styleOf(id: string): Style {
  const number = Number.parseInt(id, 10)
  const index = Number.isNaN(number) ? 0 : (number - 1) % instanceStyles.length
  return instanceStyles[Math.max(0, index)] ?? 'cyan'
}

function paintTone({ tone, text }: Announcement, printer: Pick<Printer, 'paint'>): string {
  if (tone === 'calm') return text
  return printer.paint(tone === 'good' ? 'green' : 'red', text)
}

/** The moment a person waited for: where to look, what to try, how to end it. */
export function welcomeLines(
  snapshot: FleetSnapshot,
  { program, flags }: FleetHints,
  printer: Pick<Printer, 'paint' | 'isTerminal'>,
): string[] {
  const servers = snapshot.instances.filter(({ isSpare }) => !isSpare)
  const count = servers.length
  const victim = servers[1] ?? servers[0]
  const herd = count === 1 ? '1 instance answers' : `${count} instances answer as one`
  const url = printer.paint(['bold', 'underline'], snapshot.url)
  const tips: readonly (readonly [what: string, how: string])[] = [
    ['kill one', `${program} kill ${victim?.id ?? '1'}${flags}${printer.paint('dim', '   nobody notices')}`],
    ['watch', `${program} status${flags}`],
    ['deploy', `${program} deploy${flags}${printer.paint('dim', '   after a change of the code')}`],
    ['stop', printer.isTerminal ? 'Ctrl-C' : `${program} stop${flags}`],
  ]
  const bar = printer.paint('green', '|')
  const name = printer.paint(['bold', 'green'], ownName)
  const lead = `${name} ${bar}`
  const follow = `${' '.repeat(ownName.length)} ${bar}`
  return [
    follow,
    `${lead} ${printer.paint('bold', `${herd} on`)} ${url}`,
    follow,
    ...tips.map(([what, how]) => `${follow}   ${printer.paint('dim', what.padEnd(8))}  ${how}`),
    follow,
  ]
}
