// Writes lines to the terminal, with colour where it is wanted: never when NO_COLOR is set or the stream is no terminal.
import { WriteStream } from 'node:tty'
import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]

export interface Printer {
  out(line: string): void
  err(line: string): void
  /** `text` in a style, as the stream it will be written to allows. */
  paint(style: Style, text: string, stream?: 'out' | 'err'): string
  /** Whether a person looks at standard output. */
  readonly isTerminal: boolean
}

export interface PrinterStreams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** A printer that outlives its streams: a closed pipe or terminal costs the output, never the fleet. */
export function createPrinter({ stdout, stderr }: PrinterStreams): Printer {
  for (const stream of [stdout, stderr]) stream.on('error', forget)
  return {
    out: (line) => {
      stdout.write(`${line}\n`)
    },
    err: (line) => {
      stderr.write(`${line}\n`)
    },
    paint: (style, text, stream = 'out') => {
      return styleText(style, text, { stream: stream === 'out' ? stdout : stderr })
    },
    isTerminal: stdout instanceof WriteStream,
  }
}

/** Nobody is left to be told: the reader of the stream is what went away. */
function forget(): void {
  // Without a listener the error would end the process, in the middle of a stop if need be.
}
