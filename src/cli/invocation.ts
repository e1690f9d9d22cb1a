// Finds the words that call this program again, so that a hint can be typed as it is printed.
import { relative } from 'node:path'

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
  const fromHere = relative(currentDir, stateDir)
  const path = fromHere !== '' && fromHere.length < stateDir.length ? fromHere : stateDir
  return ` --state ${/^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`}`
}
