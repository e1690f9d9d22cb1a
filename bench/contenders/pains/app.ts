// The app of the pains suite, without a framework: what it keeps of a visitor, and what can be asked of it. Requests can
// be held after they have read their session, so that two of them overlap for certain and not by luck.
import { memoryUsage } from 'node:process'
import { collectGarbage } from '../../garbage.ts'

/** `type`, not `interface`: sessions want plain records. */
export type Kept = {
  theme?: string
  language?: string
  notes?: string[]
}

/** One request's session, as every library can be made to look. */
export interface Visit {
  /** What is changed in here is kept. */
  readonly kept: Kept
  principal(): Promise<string | undefined>
  /** Signs in, in the way of the library's own first example. */
  login(principal: string): Promise<void>
  logout(): Promise<void>
  /** A new id for the same visitor, where the library has ids. */
  renew(): Promise<void>
  /** For libraries that want to be told to keep what changed; the others do so by themselves. */
  save(): Promise<void>
}

/** What the app's routes need of a library. */
export interface Library {
  readonly open: () => Promise<Visit>
  /** Ends all sessions of a principal; undefined where the library has no way to. */
  readonly revokeAll: ((principal: string) => Promise<void>) | undefined
}

interface Hold {
  readonly arrived: PromiseWithResolvers<void>
  readonly released: PromiseWithResolvers<void>
}

const holds = new Map<string, Hold>()

function holdOf(name: string): Hold {
  const hold = holds.get(name) ?? {
    arrived: Promise.withResolvers<void>(),
    released: Promise.withResolvers<void>(),
  }
  holds.set(name, hold)
  return hold
}

/** Answers as JSON; `url` is a path of `/verb/word?hold=name`. */
export async function answer(url: string, library: Library): Promise<unknown> {
  const { pathname, searchParams } = new URL(url, 'http://app')
  const [, verb = '', word = ''] = pathname.split('/')
  const own = await answerWithoutSession(verb, word, library)
  if (own !== undefined) return own
  const visit = await library.open()
  const held = searchParams.get('hold')
  if (held !== null) {
    const hold = holdOf(held)
    hold.arrived.resolve()
    await hold.released.promise
  }
  return act(visit, verb, word)
}

async function answerWithoutSession(verb: string, word: string, library: Library): Promise<unknown> {
  switch (verb) {
    case 'pulse':
      return { alive: true }
    case 'held':
      // Answered once a request of that name has read its session and waits.
      await holdOf(word).arrived.promise
      return { held: word }
    case 'release':
      holdOf(word).released.resolve()
      return { released: word }
    case 'heap':
      return { bytes: heapBytes() }
    case 'revoke-all':
      await library.revokeAll?.(word)
      return { revoked: library.revokeAll !== undefined }
  }
}

async function act(visit: Visit, verb: string, word: string): Promise<unknown> {
  switch (verb) {
    case 'read':
      return { principal: await visit.principal(), ...summary(visit.kept) }
    case 'theme':
      visit.kept.theme = word
      break
    case 'language':
      visit.kept.language = word
      break
    case 'note':
      visit.kept.notes = [...(visit.kept.notes ?? []), 'n'.repeat(Number(word))]
      break
    case 'login':
      await visit.login(word)
      break
    case 'logout':
      await visit.logout()
      return { loggedOut: true }
    case 'renew':
      await visit.renew()
      break
    default:
      throw new Error(`Cannot answer /${verb}: the app has no such route`)
  }
  await visit.save()
  return { done: verb }
}

function summary({ theme, language, notes = [] }: Kept): object {
  return { theme, language, notes: notes.length }
}

/** What the process keeps, rubbish not counted. */
function heapBytes(): number {
  collectGarbage()
  const { heapUsed, external } = memoryUsage()
  return heapUsed + external
}
