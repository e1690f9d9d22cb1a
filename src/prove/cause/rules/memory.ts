// Causes in the memory of a process.
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues, Side } from '../clues.ts'
import { seenIn } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { keptOf, keyOf, memorySuspects, readPlaces, timerSuspects } from '../holders.ts'
import { saysName } from '../instance-names.ts'
import { caches, fileStores, isAmong, packageAmong, schedulers, sessions } from '../packages.ts'
import { bootEffect, onDisk, writtenFiles } from './disk.ts'

const sessionCookie =
  /^(?:connect\.sid|koa[.:]sess|sess(?:ion)?(?:_?id)?|sid|jsessionid|phpsessid|.*session.*|.*\.sid|auth.*|token)$/i
const sessionName =
  /^(?!.*(?:reset|verif|csrf|otp|invit|magic)).*(?:sess|logged|login|signed_?in|auth|^(?:access|bearer)?_?tokens?$)/i
const isRefused = /^(?:401|403|302|303|307|no answer: refused)\b|login|sign-?in|unauthori[sz]ed/i

/** A session that was kept where only one instance finds it. */
export function sessionRule(clues: Clues): Conclusion | undefined {
  if (!isMemory(clues)) return undefined
  const [best] = memorySuspects(clues)
  const events = clues.writers.flatMap((side) => side.events)
  const stored = events.find(({ event, package: from }) => event === 'session' && from !== undefined)
  const own = best?.isRead === true ? best.event : undefined
  const refused = isRefused.test(`${clues.difference.actual} `) || isRefused.test(clues.difference.where)
  if (own !== undefined && sessionName.test(own.holder ?? ''))
    return { kind: 'in-memory-session', ...seenIn(own) }
  // What both requests share in the app's own memory explains more than a session that every request has.
  if (stored !== undefined && (own === undefined || refused)) return sessionStore(stored, clues)
  if (own !== undefined) {
    const isKeyed = refused && setsSessionCookie(clues.writers) && /^(?:set|)$/.test(own.detail ?? '')
    return isKeyed ? { kind: 'in-memory-session', ...seenIn(own) } : undefined
  }
  // What no request wrote is in no session either.
  if (best !== undefined || clues.differsAlone === true || saysName(clues)) return undefined
  if (!setsSessionCookie(clues.writers)) return undefined
  const drawn = clues.boot.filter(({ event }) => event === 'random')
  const made = packageAmong(clues.boot, sessions)
  if (made === undefined && drawn.length > 0) return undefined
  // Both requests use what each process drew for itself: that tells more than a session, which may be kept anywhere.
  const sides = [events, clues.reader.events]
  if (sides.every((side) => keptOf(drawn, readPlaces(side)) !== undefined)) return undefined
  if (made === undefined && carriesSession(clues.writers))
    return clues.modes.restart === false ? undefined : { kind: 'per-process-secret', isObserved: false }
  return { kind: 'in-memory-session', ...seenIn(made) }
}

/**
 * A session cookie that is its own store, as Flask's, Django's and tokens are (JSON in Base64, packed or not), and Rack's (Marshal), each with a
 * signature. What refuses it has another secret.
 */
function carriesSession(writers: readonly Side[]): boolean {
  return sessionCookies(writers).some((cookie) =>
    /^[^=]+="?(?:(?:eyJ|\.eJ)[\w-]+[.:][\w.:-]+|BAh[\w%+/=-]+--)/.test(cookie),
  )
}

function sessionStore(stored: AppEvent, { boot, writers }: Clues): Conclusion {
  const made = packageAmong(boot, sessions)
  const declaredAt = stored.declaredAt ?? made?.declaredAt
  const put = writers
    .flatMap(({ events }) => events)
    .find(({ event, package: from }) => event === 'session' && from === undefined)
  return { kind: 'in-memory-session', ...seenIn(stored), declaredAt, writtenAt: put?.writtenAt ?? declaredAt }
}

function setsSessionCookie(writers: readonly Side[]): boolean {
  return sessionCookies(writers).length > 0
}

function sessionCookies(writers: readonly Side[]): readonly string[] {
  const set = writers.flatMap(({ headers }) => headers['set-cookie'] ?? [])
  return set.filter((cookie) => sessionCookie.test(cookie.split('=', 1)[0] ?? ''))
}

/** It differs wherever there is more than one process, whatever the disks. */
function isMemory({ modes }: Clues): boolean {
  return (
    modes['shared-disk'] === true || (modes['shared-disk'] === undefined && modes['private-disk'] === true)
  )
}

/** What the app's own timers wrote is what the reader answers; or they do outside, once in each instance, what should be done once. */
export function scheduleRule(clues: Clues): Conclusion | undefined {
  const [suspect] = timerSuspects(clues)
  const ofWriter = memorySuspects(clues).filter(({ isRead }) => isRead)
  const scheduler = packageAmong(clues.boot, schedulers)
  if (suspect === undefined) return ofWriter.length > 0 ? undefined : scheduledOutside(clues, scheduler)
  // A timer that tidies up does not make the state the timer's; one that does what requests put into a queue does.
  const isOfWriter = clues.hasWriter && ofWriter.some(({ event }) => sameHolder(event, suspect.event))
  if (isOfWriter && !worksOff(clues, suspect.event)) return undefined
  return { kind: 'in-process-schedule', ...seenIn(suspect.event), package: scheduler?.package }
}

/** A timer takes what the writer put somewhere, and what comes of it goes elsewhere. */
function worksOff({ timers, writers }: Clues, result: AppEvent): boolean {
  const put = writers
    .flatMap(({ events }) => events)
    .filter(({ detail }) => /^(?:push|unshift)$/.test(detail ?? ''))
  const isQueue = (event: AppEvent): boolean =>
    /^(?:shift|pop|splice)$/.test(event.detail ?? '') && put.some((other) => sameHolder(event, other))
  const isDone = timers.some(
    (event) => sameHolder(event, result) && !/^(?:delete|clear|shift|pop|splice)$/.test(event.detail ?? ''),
  )
  return isDone && timers.some((event) => isQueue(event) && !sameHolder(event, result))
}

function scheduledOutside({ boot, timers }: Clues, scheduler: AppEvent | undefined): Conclusion | undefined {
  const effect = timers.find(({ event }) => event === 'outside' || event === 'sql' || event === 'file-write')
  const timer = boot.find(({ event, detail }) => event === 'schedule' && detail === 'setInterval')
  if (effect === undefined || (timer === undefined && scheduler === undefined)) return undefined
  const held = timers.find(({ event }) => event === 'write')
  const seen = seenIn(held ?? effect)
  return {
    kind: 'in-process-schedule',
    ...seen,
    holder: seen.holder ?? effect.detail,
    declaredAt: seen.declaredAt ?? timer?.writtenAt ?? scheduler?.declaredAt,
    package: scheduler?.package,
  }
}

function sameHolder(a: AppEvent, b: AppEvent): boolean {
  return (
    a.declaredAt !== undefined && b.declaredAt !== undefined && keyOf(a.declaredAt) === keyOf(b.declaredAt)
  )
}

/** Without a writer: what each start does to what outlives it, so that three starts are not one. */
export function bootRule(clues: Clues): Conclusion | undefined {
  const { modes, hasWriter, differsAlone, writers } = clues
  if (hasWriter || modes['shared-disk'] !== true) return undefined
  // That no writer was found, for want of time, does not mean that there is none.
  if (differsAlone !== true && writers.length > 0) return undefined
  const effect = bootEffect(clues)
  if (effect === undefined) return undefined
  return {
    kind: 'boot-side-effect',
    ...seenIn(effect),
    holder: effect.holder ?? effect.path ?? effect.detail,
  }
}

const cacheName = /cache|memo(?:i[sz]ed?)?(?:$|[^r])|stale/i

/** An answer that was kept; or a file's content, which each process read for itself. */
export function cacheRule(clues: Clues): Conclusion | undefined {
  const { modes } = clues
  const [best] = memorySuspects(clues)
  const read = cachedBy(clues)
  if (best !== undefined && (isAmong(best.event, caches) || cacheName.test(best.event.holder ?? '')))
    return { kind: 'in-process-cache', ...seenIn(best.event) }
  if (read !== undefined && best?.isRead !== true) return { kind: 'in-process-cache', ...seenIn(read) }
  if (modes['private-disk'] === false || modes['shared-disk'] !== true || modes.restart !== false)
    return undefined
  if (!clues.hasWriter) return undefined
  // Lost by no kill: it is on a disk or in a database too, and what differs is the copy in memory.
  const files = writtenFiles(clues)
  if (files.length > 0) return copyOfFile(clues, files, best?.event)
  return { kind: 'in-process-cache', ...seenIn(best?.event ?? read) }
}

/** Nothing was seen in memory, while the writer wrote a file of a package that holds files in memory: that differs however the disks are. */
function storedInFile(clues: Clues): Conclusion | undefined {
  if (!clues.hasWriter || packageAmong(clues.boot, fileStores) === undefined) return undefined
  const wrote = clues.writers.some(({ events }) => events.some(({ event }) => event === 'file-write'))
  return wrote ? onDisk(clues) : undefined
}

function copyOfFile(
  clues: Clues,
  files: readonly string[],
  held: AppEvent | undefined,
): Conclusion | undefined {
  const disk = onDisk(clues)
  if (disk?.kind === 'local-sqlite' && held !== undefined)
    return { kind: 'in-process-cache', ...seenIn(held), files }
  return disk === undefined ? undefined : { ...disk, files }
}

/** A cache that requests before the reader filled, and that the reader reads. */
function cachedBy({ reader, writers }: Clues): AppEvent | undefined {
  const reads = readPlaces(reader.events)
  const written = [...writers, reader].flatMap(({ events }) => events)
  return written.find(
    (event) =>
      event.event === 'write' &&
      event.declaredAt !== undefined &&
      reads.has(keyOf(event.declaredAt)) &&
      (isAmong(event, caches) || cacheName.test(event.holder ?? '')),
  )
}

/** Whatever else is lost between processes. */
export function memoryRule(clues: Clues): Conclusion | undefined {
  const { modes } = clues
  const [best] = memorySuspects(clues)
  if (!isMemory(clues)) {
    const isDisk = modes['private-disk'] === true && modes['shared-disk'] !== true
    return isDisk ? onDisk(clues) : undefined
  }
  if (best !== undefined) return { kind: 'module-state', ...seenIn(best.event) }
  const file = storedInFile(clues)
  if (file !== undefined) return file
  const database = clues.boot.find(
    ({ event, path }) => event === 'database' && (path === ':memory:' || path === ''),
  )
  if (database !== undefined) return { kind: 'local-sqlite', ...seenIn(database), holder: ':memory:' }
  const own = clues.reader.events.find(({ event }) => event === 'write')
  if (own !== undefined) return { kind: 'module-state', ...seenIn(own) }
  if (!clues.hasWriter && clues.writers.length === 0) return undefined
  return { kind: 'module-state', isObserved: false }
}
