// What the primary tells whoever watches it: the terminal today, the console later.
import type { FleetSnapshot } from '../control/snapshot.ts'
import type { OutputStream } from '../supervisor/fleet-options.ts'
import type { Announcement } from './announcement.ts'

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
