// Turns changes of the fleet into the lines a person wants to read, and only those.
import { counted } from '../base/counted.ts'
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
  return `starting ${counted(instances, 'instance')} of ${command.join(' ')} behind ${url}, version ${version}`
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
): readonly Announcement[] {
  return after.flatMap((view) => {
    const earlier = before.find(({ id }) => id === view.id)
    const isNews = earlier?.state !== view.state || earlier.epoch !== view.epoch
    if (!isNews) return announceRole(earlier, view)
    switch (view.state) {
      case 'ready':
        return [announceReady(view, after, nowMs)]
      case 'draining':
        return [{ tone: 'calm', text: `instance ${view.id} finishes what it has` } as const]
      case 'stopped':
        return earlier === undefined ? [] : [{ tone: 'calm', text: `instance ${view.id} stopped` } as const]
      default:
        return []
    }
  })
}

/** A spare that is ready steps in. */
function announceRole(earlier: InstanceView, { id, role, state }: InstanceView): readonly Announcement[] {
  const stepsIn = earlier.role === 'spare' && role === 'server' && state === 'ready'
  return stepsIn ? [{ tone: 'good', text: `instance ${id} was a spare and serves now` }] : []
}

function announceReady(view: InstanceView, all: readonly InstanceView[], nowMs: number): Announcement {
  const place = view.host === undefined || view.port === undefined ? '' : ` on ${view.host}:${view.port}`
  const wait = view.startedAtMs === undefined ? '' : ` in ${seconds(nowMs - view.startedAtMs)}`
  const isOnly = all.every(({ version }) => version.number === view.version.number)
  const version = isOnly ? '' : `, version ${view.version.label}`
  const role = view.role === 'spare' ? ', as a spare' : ''
  return { tone: 'good', text: `instance ${view.id} ready${place}${wait}${version}${role}` }
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

/** From so many deaths in a row on, it is more than bad luck. */
const crashLoop = 3

/** Whether to show what the instance wrote last: at the third death in a row, and then each time that their number has doubled. */
export function isCrashLoopNews({ earlyDeaths }: Pick<InstanceDeath, 'earlyDeaths'>): boolean {
  const times = earlyDeaths / crashLoop
  return times >= 1 && Number.isInteger(Math.log2(times))
}

/** An instance that cannot get beyond its start, and what it wrote last. */
export function announceCrashLoop(
  { id, earlyDeaths }: InstanceDeath,
  lastLines: readonly string[],
): readonly Announcement[] {
  const wrote = lastLines.length === 0 ? 'it wrote nothing' : 'it wrote last'
  return [
    { tone: 'bad', text: `instance ${id} died at its start ${earlyDeaths} times in a row; ${wrote}` },
    ...lastLines.map((line): Announcement => ({ tone: 'calm', text: `  ${line}` })),
  ]
}

/** Milliseconds as a person says them: `0.4 s`. */
export function seconds(durationMs: number): string {
  return `${(Math.max(0, durationMs) / 1_000).toFixed(1)} s`
}
