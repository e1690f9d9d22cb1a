// What the command line can choose of recovery and soak.
import { contenders } from './contenders.ts'
import { mostUsers } from './crowd.ts'
import { faults } from './faults.ts'

export interface RecoveryChoices {
  /** Keys of contenders; undefined: all. */
  readonly contenders: readonly string[] | undefined
  /** Keys of faults; undefined: all. */
  readonly faults: readonly string[] | undefined
  readonly users: number
  /** Of the faults and of the users' pauses. */
  readonly seed: number
}

/** As they were typed. */
export interface RecoveryWords {
  readonly contenders?: string | undefined
  readonly faults?: string | undefined
  readonly users?: string | undefined
  readonly seed?: string | undefined
}

const largestSeed = 2 ** 31 - 1

/** Throws an Error whose message is one line that names what was wrong and what was wanted. */
export function readRecoveryChoices(words: RecoveryWords): RecoveryChoices {
  const seed = words.seed ?? process.env['SEED'] ?? String(Math.floor(Math.random() * largestSeed))
  return {
    contenders: readNames('--only', words.contenders, contenders),
    faults: readNames('--faults', words.faults, faults),
    users: readWhole('--users', words.users ?? String(mostUsers), 1, mostUsers),
    seed: readWhole('--seed', seed, 0, largestSeed),
  }
}

function readNames(
  option: string,
  text: string | undefined,
  known: readonly { readonly key: string }[],
): readonly string[] | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map((name) => name.trim())
  const keys = known.map(({ key }) => key)
  if (names.every((name) => keys.includes(name))) return names
  throw new Error(`Cannot use ${option} "${text}": wanted some of ${keys.join(', ')}`)
}

function readWhole(option: string, text: string, least: number, most: number): number {
  const figure = Number(text)
  if (text.trim() !== '' && Number.isInteger(figure) && figure >= least && figure <= most) return figure
  throw new Error(`Cannot use ${option} "${text}": wanted a whole number, ${least} to ${most}`)
}
