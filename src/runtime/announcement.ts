// Turns changes of the fleet into the lines a person wants to read, and only those.
import type { Reloaded } from '../control/commands.ts'
import type { InstanceDeath, InstanceView } from '../supervisor/fleet-options.ts'

/** `good` and `bad` ask for a glance, `calm` does not. */
export interface Announcement {
  readonly tone: 'good' | 'bad' | 'calm'
  readonly text: string
}

export interface StartFacts {
  readonly command: readonly string[]
  readonly instances: number
  readonly version: string
}

export function announceStart({ command, instances, version }: StartFacts, url: string): string {
  const copies = instances === 1 ? '1 instance' : `${instances} instances`
  return `starting ${copies} of ${command.join(' ')} behind ${url}, version ${version}`
}

/** What a reload did, and what it could not do. */
export function announceReload({
  applied,
  restart,
  certificates,
}: Pick<Reloaded, 'applied' | 'restart' | 'certificates'>): string[] {
  const changes = applied.length === 0 ? 'nothing to apply' : `applied ${applied.join(', ')}`
  const files = certificates ? ', certificates read again' : ''
  const pending = restart.length === 0 ? [] : [`a restart of drover up is needed for ${restart.join(', ')}`]
  return [`configuration read again: ${changes}${files}`, ...pending]
}

/** What is worth saying about the way from `before` to `after`. Deaths are announced on their own. */
export function announceChanges(
  before: readonly InstanceView[],
  after: readonly InstanceView[],
  nowMs: number,
): Announcement[] {
  const announcements: Announcement[] = []
  for (const view of after) {
    const earlier = before.find(({ id }) => id === view.id)
    const isNews = earlier?.state !== view.state || earlier.epoch !== view.epoch
    if (isNews && view.state === 'ready') announcements.push(announceReady(view, nowMs))
    if (isNews && view.state === 'stopped' && earlier !== undefined) {
      announcements.push({ tone: 'calm', text: `instance ${view.id} stopped` })
    }
  }
  return announcements
}

function announceReady(view: InstanceView, nowMs: number): Announcement {
  const place = view.host === undefined || view.port === undefined ? '' : ` on ${view.host}:${view.port}`
  const wait = view.startedAtMs === undefined ? '' : ` in ${seconds(nowMs - view.startedAtMs)}`
  return { tone: 'good', text: `instance ${view.id} ready${place}${wait}` }
}

export function announceDeath(death: InstanceDeath): Announcement {
  const next =
    death.restartInMs === undefined
      ? ''
      : death.restartInMs === 0
        ? ', restarting at once'
        : `, restarting in ${seconds(death.restartInMs)}`
  return { tone: 'bad', text: `instance ${death.id} ${death.reason}${next}` }
}

/** Milliseconds as a person says them: `0.4 s`. */
export function seconds(durationMs: number): string {
  return `${(Math.max(0, durationMs) / 1_000).toFixed(1)} s`
}
