// A few lines of a terminal that are drawn again in place. Where nobody looks they are plain lines, one after the other.
import type { Printer } from './printer.ts'

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
const clearBelow = '\u001b[0J'
/** Escape sequences that only change how text looks. */
const styling = '\u001b\\[[\\d;]*m'
const stylingHere = new RegExp(styling, 'y')
const stylings = new RegExp(styling, 'g')

export interface Screen {
  show(lines: readonly string[]): void
  /** Leaves the last lines where they are, and the cursor below them. */
  end(): void
}

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

/** `isLive`: standard output is a terminal, and lines are drawn over the last ones. */
export function createScreen(
  printer: Pick<Printer, 'out'>,
  isLive: boolean,
  size: () => ScreenSize = terminalSize,
): Screen {
  let drawn = 0
  return {
    show: (lines) => {
      if (!isLive) {
        printer.out([...(drawn > 0 ? [''] : []), ...lines].join('\n'))
        drawn = lines.length
        return
      }
      const { columns, rows } = size()
      // A line that wraps, or more lines than fit, would make the way back up a wrong one.
      const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => clip(line, columns))
      const back = drawn === 0 ? hideCursor : `\u001b[${drawn}A\r`
      printer.out(`${back}${clearBelow}${fitting.join('\n')}`)
      drawn = fitting.length
    },
    end: () => {
      if (isLive && drawn > 0) printer.out(showCursor)
    },
  }
}

/** That of standard output, and a usual one where it does not say. */
export function terminalSize(): ScreenSize {
  const { columns, rows } = process.stdout
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 }
}

/** The first `width` characters that can be seen, with all styling that stands among or right behind them. */
export function clip(line: string, width: number): string {
  let seen = 0
  let end = 0
  while (end < line.length) {
    stylingHere.lastIndex = end
    const code = stylingHere.exec(line)?.[0]
    if (code === undefined && seen === width) return line.slice(0, end) + remainingStyling(line.slice(end))
    if (code === undefined) seen += 1
    end += code?.length ?? 1
  }
  return line
}

/** So that a colour that began before the cut ends where it did. */
function remainingStyling(rest: string): string {
  return (rest.match(stylings) ?? []).join('')
}
