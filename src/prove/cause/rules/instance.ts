// Causes in what an instance is, rather than in what it was told: its name, its secrets, its settings.
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues } from '../clues.ts'
import { seenIn } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { keptOf, keyOf, memorySuspects, readPlace, readPlaces } from '../holders.ts'
import { hasInstanceName, saysName } from '../instance-names.ts'
import { isAmong, sessions, tokens } from '../packages.ts'
import { bootEffect } from './disk.ts'

const isRefused =
  /^(?:400|401|403|302|303|307|419|422|498)\b|unauthori[sz]ed|invalid|signature|expired|login/i
const secretName = /secret|key|salt|pepper|signing|jwt/i
const keyMaking = /^generateKey/
const ofName =
  /^(?:hostname|pid|uptime|networkInterfaces|env (?:PORT|HOST|HOSTNAME|DYNO|.*(?:INSTANCE|POD|WORKER|NODE_NAME|REPLICA).*))$/

/** What was drawn at boot and is kept, so that what one instance signs no other accepts. */
export function secretRule(clues: Clues): Conclusion | undefined {
  const { difference, hasWriter, modes } = clues
  const suspects = memorySuspects(clues)
  if (suspects.some(({ isRead }) => isRead)) return lazySecret(clues)
  const drawn = clues.boot.filter(({ event, detail }) => event === 'random' && detail !== 'Math.random')
  const events = [...clues.writers, clues.reader].flatMap((side) => side.events)
  const kept = keptOf(drawn, readPlaces(events))
  // Nothing else is left that two processes could differ in.
  const isOnly = hasWriter && suspects.length === 0 && modes['shared-disk'] !== false
  const secret = kept ?? (refuses(clues) || isOnly ? likelySecret(drawn, clues) : undefined)
  if (isPublicKey(clues)) return { kind: 'per-process-secret', ...seenIn(secret ?? drawn[0]) }
  if (secret === undefined) return undefined
  const isSecret =
    isOnly ||
    refuses(clues) ||
    keyMaking.test(secret.detail ?? '') ||
    /cookie|jwt|signature/i.test(difference.where)
  return isSecret || isNamed(secret) ? { kind: 'per-process-secret', ...seenIn(secret) } : undefined
}

/** A key that others verify with (RFC 7517): its private half is the instance's own. */
function isPublicKey({ difference }: Clues): boolean {
  return /\bkeys\.\d+\.(?:kid|n|x|y|x5[ct].*)$/.test(difference.where)
}

function isNamed({ holder }: AppEvent): boolean {
  return secretName.test(holder ?? '')
}

/** What is called so; else what is kept in a variable, or drawn for a package that signs; else what the app's own code draws. */
function likelySecret(drawn: readonly AppEvent[], { textOf }: Clues): AppEvent | undefined {
  const isCalledSo = ({ holder, writtenAt: at }: AppEvent): boolean =>
    secretName.test(holder ?? (at === undefined ? '' : (textOf(at) ?? '')))
  return (
    drawn.find(isCalledSo) ??
    drawn.find((event) => event.holder !== undefined || isAmong(event, tokens) || isAmong(event, sessions)) ??
    drawn.find((event) => event.writtenAt !== undefined && event.package === undefined)
  )
}

function refuses({ difference }: Clues): boolean {
  return (
    isRefused.test(difference.actual) ||
    (difference.where === 'status' && isRefused.test(difference.expected))
  )
}

/** Made on first use: a variable that a request writes, on a line that draws. */
function lazySecret(clues: Clues): Conclusion | undefined {
  const drawn = clues.writers.flatMap(({ events }) => events.filter(({ event }) => event === 'random'))
  const [best] = memorySuspects(clues)
  const at = best?.event.writtenAt
  const isDrawn =
    at !== undefined &&
    drawn.some(({ writtenAt }) => writtenAt !== undefined && keyOf(writtenAt) === keyOf(at))
  if (best === undefined || !isDrawn || !isNamed(best.event) || !refuses(clues)) return undefined
  return { kind: 'per-process-secret', ...seenIn(best.event) }
}

/** It says who it is, or answers by a setting that only this instance has. */
export function instanceRule(clues: Clues): Conclusion | undefined {
  const { reader, writers, boot, hasWriter } = clues
  const suspects = memorySuspects(clues)
  if (hasWriter && suspects.some(({ isRead }) => isRead)) return undefined
  // A request that keeps nothing in the process may have put the name into what it keeps elsewhere.
  const sides = hasWriter && suspects.length > 0 ? [reader] : [reader, ...writers]
  const events = sides.flatMap((side) => side.events)
  const reads = readPlaces(events)
  const isName = ({ event, detail }: AppEvent): boolean => event === 'identity' && ofName.test(detail ?? '')
  const asked = events.find(isName)
  if (asked !== undefined) return identity(asked)
  // What starts do to what outlives them explains more than what is merely read by some request before.
  const isTold = bootEffect(clues) !== undefined
  const nearer = isTold ? readPlaces(reader.events) : reads
  const setting = hasWriter ? undefined : settingOf(clues, nearer, isTold)
  if (setting !== undefined) {
    const holder = setting.holder ?? setting.path ?? setting.detail
    return { kind: 'instance-configuration', ...seenIn(setting), holder }
  }
  const drawn = boot.filter(({ event }) => event === 'random')
  const kept = keptOf(boot.filter(isName), reads) ?? (hasWriter ? undefined : keptOf(drawn, nearer))
  if (kept !== undefined) return { ...identity(kept), writtenAt: readPlace(kept, events) ?? kept.writtenAt }
  return saysName(clues) ? { kind: 'instance-identity', isObserved: false } : undefined
}

function identity(event: AppEvent): Conclusion {
  return { kind: 'instance-identity', ...seenIn(event), holder: event.holder ?? event.detail }
}

/**
 * A file or variable of the environment that was read at boot and is asked now; or is read now. Instances begin with the same files: with
 * `onlyOwn`, a file counts where the instance's name is part of it.
 */
function settingOf(
  { boot, reader }: Clues,
  reads: ReadonlySet<string>,
  onlyOwn: boolean,
): AppEvent | undefined {
  const named = new Set(
    boot.flatMap(({ event, declaredAt }) =>
      event === 'identity' && declaredAt !== undefined ? [keyOf(declaredAt)] : [],
    ),
  )
  const isOwn = ({ path, declaredAt }: AppEvent): boolean =>
    hasInstanceName(path ?? '') || (declaredAt !== undefined && named.has(keyOf(declaredAt)))
  const isSetting = (one: AppEvent): boolean =>
    (one.event === 'file-read' &&
      one.writtenAt !== undefined &&
      one.path?.startsWith('/') === false &&
      (!onlyOwn || isOwn(one))) ||
    (one.event === 'identity' && one.detail?.startsWith('env ') === true && !ofName.test(one.detail))
  return keptOf(boot.filter(isSetting), reads) ?? reader.events.find(isSetting)
}
