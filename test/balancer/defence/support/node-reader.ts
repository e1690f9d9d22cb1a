// Node's own HTTP server as a reader.
import type { TestContext } from 'node:test'
import { Conversation } from './conversation.ts'
import type { Reader } from './proxy.ts'
import { startRecording } from './recording-instance.ts'

export async function startNodeReader(t: TestContext): Promise<Reader> {
  const recorder = await startRecording('Node')
  t.after(recorder.close)
  const read = async (bytes: string, pieces = 1) => {
    recorder.clear()
    const conversation = await Conversation.open(recorder.port)
    if (pieces === 1) conversation.say(bytes)
    else await conversation.sayInPieces(bytes, pieces)
    conversation.halfClose()
    await conversation.end()
    return { requests: [...recorder.seen()], faulty: recorder.faults().length > 0 }
  }
  return {
    name: 'Node',
    read: async (bytes) => {
      const whole = await read(bytes)
      // A fault takes the requests before it in the same packet along: told byte by byte, they are complete before it.
      return whole.faulty ? (await read(bytes, bytes.length)).requests : whole.requests
    },
  }
}
