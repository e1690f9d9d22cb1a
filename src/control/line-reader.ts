// The client's side of an answer of many lines: each as it comes, and an end to waiting when the fleet has fallen silent.
import type { IncomingMessage } from 'node:http'
import { DroverError } from '../base/errors.ts'

/** A fleet that is alive writes a blank line every five seconds. */
export const silenceTimeoutMs = 30_000
/** Far longer than a line of output with everything around it (R7). */
const maxLineLength = 1024 * 1024

/**
 * Passes on each line of `response`; a promise that `onLine` returns is awaited before anything more is read. Rejects when
 * the other side is silent for too long or breaks off in the middle.
 */
export async function readLines(
  response: IncomingMessage,
  onLine: (line: string) => void | Promise<void>,
  timeoutMs: number = silenceTimeoutMs,
): Promise<void> {
  response.setEncoding('utf8')
  let partial = ''
  let watch = watchSilence(response, timeoutMs)
  try {
    for await (const chunk of response) {
      // While lines are told, it is not the fleet that others wait for.
      watch.end()
      const lines = (partial + String(chunk)).split('\n')
      partial = lines.pop() ?? ''
      if (partial.length > maxLineLength) throw tooLong()
      for (const line of lines) if (line !== '') await onLine(line)
      watch = watchSilence(response, timeoutMs)
    }
  } finally {
    watch.end()
  }
}

/** Destroys `response` with an error when nothing has come for so long. */
function watchSilence(response: IncomingMessage, timeoutMs: number): { end(): void } {
  let late: NodeJS.Immediate | undefined
  const timer = setTimeout(() => {
    // After a sleep of this very process its timers are due before it has looked at what came meanwhile.
    late = setImmediate(() => response.destroy(silent(timeoutMs)))
  }, timeoutMs)
  return {
    end: () => {
      clearTimeout(timer)
      clearImmediate(late)
    },
  }
}

function silent(timeoutMs: number): DroverError {
  return new DroverError('CONTROL_FAILED', `Cannot reach the fleet: it is silent for ${timeoutMs / 1_000} s`)
}

function tooLong(): DroverError {
  return new DroverError(
    'CONTROL_FAILED',
    `Cannot read the fleet's answer: a line is over ${maxLineLength} characters`,
  )
}
