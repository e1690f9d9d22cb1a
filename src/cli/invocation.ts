// Finds the words that call this program again, so that a hint can be typed as it is printed.
import { shownPath } from '../config/shown-path.ts'

export interface Invocation {
  /** The path of the script that runs, as it was called. */
  readonly script: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Such as `npx drover`: what the caller types before a command's name. */
export function programWords({ script, environment }: Invocation): string {
  if (script.endsWith('.ts')) return 'npm run -s drover --'
  const isLocal = script.includes('/node_modules/') || environment['npm_command'] !== undefined
  return isLocal ? 'npx drover' : 'drover'
}

/** The flag that leads another command to the same fleet; empty where it would find it by itself. */
export function stateFlag(stateDir: string, foundDir: string, currentDir: string): string {
  if (stateDir === foundDir) return ''
  return typedFlag('--state', shownPath(stateDir, currentDir))
}

/** A flag as it is typed after a command, quoted for a shell where need be; empty without a value. */
export function typedFlag(flag: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${flag} ${typedWord(value)}`
}

/** A word as a shell takes it, quoted where need be. */
export function typedWord(value: string): string {
  const isPlain = /^[\w./@%+=:,-]+$/.test(value)
  return isPlain ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`
}
