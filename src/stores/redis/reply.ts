// What Redis replied, however the client shapes it: by protocol version and settings a reply to HGETALL is an object, a Map
// or a flat array, and texts may be Buffers.

/** The text of a reply, undefined for the reply that there is none. Throws on what is no text. */
export function textOf(reply: unknown): string | undefined {
  if (typeof reply === 'string') return reply
  if (reply === null || reply === undefined) return undefined
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (typeof reply === 'number') return String(reply)
  throw new Error(`the server replied ${JSON.stringify(reply)}, wanted a text`)
}

/** The texts of a script's reply that is a list; none where it is something else. */
export function textsOf(reply: unknown): readonly (string | undefined)[] {
  return Array.isArray(reply) ? reply.map(textOf) : []
}

/** The fields of a reply to HGETALL. */
export function eachField(reply: unknown, take: (name: string, value: string) => void): void {
  if (Array.isArray(reply)) {
    for (let at = 0; at + 1 < reply.length; at += 2) take(String(reply[at]), String(reply[at + 1]))
  } else if (reply instanceof Map) {
    for (const [name, value] of reply) take(String(name), String(value))
  } else if (typeof reply === 'object' && reply !== null) {
    for (const name of Object.keys(reply)) take(name, String(Reflect.get(reply, name)))
  }
}
