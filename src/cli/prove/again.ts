// The command that repeats a proof, as it can be typed in the same folder.
import type { Again } from '../../prove/report/again.ts'
import { typedFlag, typedWord } from '../invocation.ts'
import type { ProveFlags } from './flags.ts'

const textFlags = [
  'flow',
  'har',
  'openapi',
  'tests',
  'targets',
  'cwd',
  'ready',
  'before',
  'reset',
  'schedules',
  'timeout',
] as const

/** Reports are passed around, and variables may be secrets: their values are left to the shell. */
export function againWords(
  program: string,
  words: readonly string[],
  flags: ProveFlags,
  seed: number,
): Again {
  const texts = textFlags.map((name) => typedFlag(`--${name}`, flags[name]))
  const variables = (flags.env ?? []).map((pair) => variableFlag(pair.slice(0, pair.indexOf('='))))
  return {
    words: `${program} prove${texts.join('')}${variables.join('')} --seed ${seed}`,
    command: words.length === 0 ? '' : ` -- ${words.map(typedWord).join(' ')}`,
  }
}

function variableFlag(name: string): string {
  // A name that a shell has no variable for.
  if (!/^[A-Za-z_]\w*$/.test(name)) return ` --env ${typedWord(`${name}=…`)}`
  return ` --env "${name}=$${name}"`
}
