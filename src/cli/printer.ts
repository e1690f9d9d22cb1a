// Prints lines, with colour where it is wanted: never when NO_COLOR is set or the stream is no terminal.
import { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import { LineWriter } from './line-writer.ts'

export type Style = Parameters<typeof styleText>[0]

export interface Printer {
  /** Never waits for a reader, and outlives it: a paused or closed one costs output, never the fleet. */
  out(line: string): void
  err(line: string): void
  /** Resolves when standard output was taken, however long its reader takes; to false when that has gone away. */
  taken(): Promise<boolean>
  /** `text` in a style, as the stream it will be written to allows. */
  paint(style: Style, text: string, stream?: 'out' | 'err'): string
  /** Whether a person looks at standard output. */
  readonly isTerminal: boolean
  /** Resolves when all lines are out, or a reader has not taken them for a second. Await it before the process exits. */
  flush(): Promise<void>
}

export interface PrinterStreams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** Long for a reader that is there; a paused one must not keep a process that has nothing left to do. */
const flushTimeoutMs = 1_000

export function createPrinter({ stdout, stderr }: PrinterStreams): Printer {
  const out = new LineWriter(stdout)
  const err = new LineWriter(stderr)
  return {
    out: (line) => {
      out.write(line)
    },
    err: (line) => {
      err.write(line)
    },
    paint: (style, text, stream = 'out') => {
      return styleText(style, text, { stream: stream === 'out' ? stdout : stderr })
    },
    taken: () => out.taken(),
    isTerminal: stdout instanceof WriteStream,
    flush: async () => {
      await Promise.all([out.flush(flushTimeoutMs), err.flush(flushTimeoutMs)])
    },
  }
}
