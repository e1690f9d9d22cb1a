// What the primary tells whoever watches it: the terminal today, the console later.
import type { FleetSnapshot } from '../control/snapshot.ts'
import type { OutputStream } from '../supervisor/fleet-options.ts'
import type { Announcement } from './announcement.ts'
import type { LogBook } from './log-book.ts'

/** Whose the fleet's own lines are. */
export const fleetName = 'drover'
/** What stands in place of an instance's id before a line of the access log. */
export const accessLogName = 'access'

/** Called synchronously; must not throw and must not wait. */
export interface FleetReporter {
  /** One line that an instance wrote, or the access log, without its newline. */
  output(id: string, stream: OutputStream, line: string): void
  announce(announcement: Announcement): void
  /** Every instance is ready for the first time. */
  welcome(snapshot: FleetSnapshot): void
}

/** A reporter that also writes what it is told into the log book, for those who ask later. */
export function recorded(
  reporter: FleetReporter,
  book: Pick<LogBook, 'add'>,
  now: () => number,
): FleetReporter {
  return {
    output: (id, stream, line) => {
      book.add({ atMs: now(), id, stream, text: line })
      reporter.output(id, stream, line)
    },
    announce: (announcement) => {
      book.add({ atMs: now(), id: fleetName, stream: 'stdout', text: announcement.text })
      reporter.announce(announcement)
    },
    welcome: (snapshot) => {
      reporter.welcome(snapshot)
    },
  }
}
