// Causes that show in the protocol itself.
import type { AppEvent } from '../../instrument/event.ts'
import type { Clues } from '../clues.ts'
import { seenIn } from '../conclusion.ts'
import type { Conclusion } from '../conclusion.ts'
import { listenerSuspects, memorySuspects, readPlace } from '../holders.ts'
import { limiters, packageAmong, socketServers } from '../packages.ts'

const polling = /\/(?:socket\.io|engine\.io)\/|[?&]transport=(?:polling|websocket)|\/sockjs\//

/** A connection that only the instance knows that opened it. */
export function transportRule(clues: Clues): Conclusion | undefined {
  const { difference, reader, boot } = clues
  const isUnknown = /session id unknown/i.test(`${difference.actual} ${difference.expected}`)
  if (!isUnknown && !polling.test(reader.path)) return undefined
  const server = packageAmong(boot, socketServers)
  if (server !== undefined) return { kind: 'sticky-transport', ...seenIn(server) }
  const own = memorySuspects(clues)[0]?.event
  if (own !== undefined) return { kind: 'sticky-transport', ...seenIn(own) }
  return { kind: 'sticky-transport', holder: 'Socket.IO session', package: 'socket.io', isObserved: false }
}

const named = /limit|throttl|attempt|bucket|quota|hits_?by|window/i

export function limiterRule(clues: Clues): Conclusion | undefined {
  const { difference, boot } = clues
  const isRefusal =
    difference.where === 'status' &&
    [difference.expected, difference.actual].some((status) => /^429\b/.test(status))
  const isHeader = /^header (?:x-)?(?:ratelimit|rate-limit|retry-after)/.test(difference.where)
  const counter = memorySuspects(clues).find(({ event }) => named.test(event.holder ?? ''))?.event
  const isNamed = counter !== undefined && difference.where === 'status' && /^[45]/.test(difference.expected)
  if (!isRefusal && !isHeader && !isNamed) return undefined
  const limiter = packageAmong(boot, limiters)
  return { kind: 'rate-limiter', ...seenIn(counter ?? limiter ?? memorySuspects(clues)[0]?.event) }
}

const connected = /client|socket|conn|room|peer|channel|subscri|listener|member|player|user/i

/** A message that reaches only those who are connected to the same instance. */
export function roomsRule(clues: Clues): Conclusion | undefined {
  const { difference, modes, boot, reader, writers, run } = clues
  if (!difference.where.startsWith('message') && reader.type !== 'websocket') return undefined
  // One disk for all brings it: messages go through files.
  if (modes['private-disk'] === true && modes['shared-disk'] === false) return undefined
  // Who may not even connect misses no message: it is about who he is.
  if (difference.actual === 'no answer: refused') return undefined
  const isOfOthers = writers.some(({ client, type }) => client !== reader.client || type !== 'websocket')
  const suspect = memorySuspects(clues)[0]
  const server = reader.isStream === true ? undefined : packageAmong(boot, socketServers)
  const sent = broadcastOf(reader, run)
  if (!isOfOthers && suspect?.isRead === true && !isOfAnother(sent, reader)) return undefined
  const used = server === undefined ? undefined : readPlace(server, run)
  // Where requests use nothing of the server, the app has a list of its own of who is connected.
  const own = used === undefined && !hasRooms(sent) ? ownList(clues) : undefined
  const seen = seenIn(own ?? server)
  const holder = seen.holder ?? (reader.isStream === true ? 'open streams' : 'connected sockets')
  const writtenAt = sent?.writtenAt ?? used ?? seen.writtenAt
  return {
    kind: 'socket-rooms',
    ...seen,
    holder,
    writtenAt,
    package: seen.package ?? server?.package ?? sent?.package,
  }
}

/** Of what was written as they connected, what is called as if it kept them. */
function ownList(clues: Clues): AppEvent | undefined {
  const suspects = clues.reader.isStream === true ? listenerSuspects(clues) : memorySuspects(clues)
  const events = suspects.map(({ event }) => event)
  return events.find(({ holder }) => connected.test(holder ?? '')) ?? events[0]
}

/** The message that the reader waited for; else the last that went out before. */
function broadcastOf({ awaits }: Clues['reader'], run: Clues['run']): AppEvent | undefined {
  const all = run.filter(({ event }) => event === 'broadcast')
  return all.findLast(({ detail }) => awaits !== undefined && detail?.includes(awaits)) ?? all.at(-1)
}

/** It was waited for, and went to other sockets than the one that caused it. */
function isOfAnother(sent: AppEvent | undefined, { awaits }: Clues['reader']): boolean {
  return (
    sent !== undefined && !hasRooms(sent) && awaits !== undefined && sent.detail?.includes(awaits) === true
  )
}

/** Its package keeps who is connected, and in which room. */
function hasRooms(sent: AppEvent | undefined): boolean {
  return sent?.package === 'socket.io'
}
