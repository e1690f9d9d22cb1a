// Rooms of Socket.IO, tried on the instance: what one visitor sends, by the names that the source or the pages know, and what another hears of it.
import { Sockets } from '../drive/sockets.ts'
import type { Step, WebSocketStep } from '../flow/flow.ts'

/** An event that the server listens to, as its source has it. */
export interface SocketEvent {
  readonly name: string
  /** Of each argument its name, or the names of its properties. */
  readonly args: readonly (string | readonly string[])[]
}

const path = '/socket.io/?EIO=4&transport=websocket'
const openWithinMs = 1_000
const hearWithinMs = 250
/** In the flow, where instances may be slow. */
const expectWithinMs = 3_000
const eventsAtMost = 10
const said = 'proof of drover'

const handled = new RegExp(
  [
    String.raw`\b(?:socket|client|conn|connection|sock|s)\.on\(\s*(['"\x60])([^'"\x60\n]{1,60})\1\s*,\s*(?:async\s*)?`,
    String.raw`(?:function\s*\w*\s*\(([^)]{0,200})\)|\(([^)]{0,200})\)\s*(?::[^=\n]{1,60})?=>|([A-Za-z_$][\w$]*)\s*=>)`,
  ].join(''),
  'g',
)
const ofItself =
  /^(?:connect|connection|disconnect|disconnecting|error|close|end|upgrade|listening|exit|request|uncaughtException|unhandledRejection|SIG\w+)$/
const isAnswer = /^(?:cb|callback|ack|fn|done|next|respond|reply)$/i
const isEntry =
  /^(?!.*(?:message|msg|say|send|text|comment|typing)).*(?:join|enter|room|login|sign|register|add|new|subscribe|nick|user|hello|init|ready|start)/i

/** In the order of the sources; none where they know nothing of Socket.IO. */
export function socketEventsIn(sources: readonly string[]): readonly SocketEvent[] {
  if (!sources.some((text) => /['"`]socket\.io['"`]/.test(text))) return []
  const events = sources
    .flatMap((text) => [...text.matchAll(handled)])
    .flatMap(([, , name = '', ofFunction, ofArrow, alone]): SocketEvent[] => {
      const written = ofFunction ?? ofArrow ?? alone ?? ''
      return ofItself.test(name) ? [] : [{ name, args: argumentsOf(written) }]
    })
  return [...new Map(events.map((event) => [event.name, event])).values()].slice(0, eventsAtMost)
}

function argumentsOf(written: string): SocketEvent['args'] {
  const all = written.match(/\{[^}]*\}|[A-Za-z_$][\w$]*(?=\s*(?:,|:|=|$))/g) ?? []
  const args = all.map((one) => (one.startsWith('{') ? (one.match(/[A-Za-z_$][\w$]*/g) ?? []) : one))
  return args.filter((one) => typeof one !== 'string' || !isAnswer.test(one))
}

function valueOf(name: string, client: string): unknown {
  if (/amount|price|count|number|qty|quantity|score|^[xy]$|width|height|age/i.test(name)) return 7
  if (/room|channel|lot|game|topic|group/i.test(name)) return 'lobby'
  if (/user|name|nick|from|sender|author/i.test(name)) return client
  return said
}

function packet({ name, args }: SocketEvent, client: string): string {
  const values = args.map((arg) =>
    typeof arg === 'string'
      ? valueOf(arg, client)
      : Object.fromEntries(arg.map((key) => [key, valueOf(key, client)])),
  )
  return `42${JSON.stringify([name, ...values])}`
}

/** A conversation of two; none where nobody hears of the other. */
export async function socketIoSteps(
  origin: string,
  events: readonly SocketEvent[],
  clients: readonly [string, string],
): Promise<readonly Step[]> {
  if (events.length === 0) return []
  const sockets = new Sockets()
  try {
    for (const client of clients) if (!(await connects(sockets, origin, client))) return []
    const entries = events.filter(({ name }) => isEntry.test(name))
    for (const client of clients) for (const entry of entries) sockets.send(client, packet(entry, client))
    const [one, other] = clients
    for (const event of events.filter((each) => !entries.includes(each))) {
      // What came until now is no answer to it.
      for (const client of clients) await sockets.expect(client, '\u0000', hearWithinMs)
      sockets.send(one, packet(event, one))
      const heard = await sockets.expect(other, '42[', hearWithinMs * 2)
      const message = heard.messages.at(-1)
      if (heard.status === 101 && message !== undefined)
        return conversation(clients, entries, event, essenceOf(message))
    }
    return []
  } finally {
    sockets.closeAll()
  }
}

async function connects(sockets: Sockets, origin: string, client: string): Promise<boolean> {
  const url = origin.replace(/^http/, 'ws') + path
  const opening = { url, protocols: [], headers: {}, instance: 1, timeoutMs: openWithinMs }
  if ((await sockets.connect(client, opening)).status !== 101) return false
  if ((await sockets.expect(client, '"sid"', openWithinMs)).status !== 101) return false
  sockets.send(client, '40')
  return (await sockets.expect(client, '40{', openWithinMs)).status === 101
}

/** What was said, if it is in there; else the name of the event. */
function essenceOf(message: string): string {
  return message.includes(said) ? said : (/^42\["[^"]*"/.exec(message)?.[0] ?? '42[')
}

function conversation(
  clients: readonly [string, string],
  entries: readonly SocketEvent[],
  event: SocketEvent,
  includes: string,
): readonly Step[] {
  const origin = 'Socket.IO, crawled'
  const step = (client: string, action: WebSocketStep['action']): WebSocketStep => {
    return { kind: 'websocket', client, origin, socket: 'socket.io', action }
  }
  const expect = (client: string, text: string): Step =>
    step(client, { do: 'expect', includes: text, withinMs: expectWithinMs })
  const [one, other] = clients
  return [
    ...clients.flatMap((client) => [
      step(client, { do: 'connect', path, headers: {} }),
      expect(client, '"sid"'),
      step(client, { do: 'send', text: '40' }),
      expect(client, '40{'),
      ...entries.map((entry) => step(client, { do: 'send', text: packet(entry, client) })),
    ]),
    // Whoever enters is in before anybody speaks.
    { kind: 'wait', waitMs: 150, origin },
    step(one, { do: 'send', text: packet(event, one) }),
    expect(other, includes),
    ...clients.map((client) => step(client, { do: 'close' })),
  ]
}
