// `drover prove --explain`: what a kind is, how it shows and how it is fixed.
import { DroverError } from '../../base/errors.ts'
import { nearest } from '../../base/suggestion.ts'
import { kinds, type Kind } from '../finding.ts'
import { explanations } from './explain/explanations.ts'
import { wrapped } from './wrapped.ts'

/** All kinds, one a line. `program`: the words that call this program. */
export function kindList(program: string): readonly string[] {
  const width = Math.max(...kinds.map((kind) => kind.length))
  return [
    ...kinds.map((kind) => `${kind.padEnd(width)}  ${explanations[kind].title}`),
    '',
    `More about one: ${program} prove --explain ${kinds[0]}`,
  ]
}

/** OPTION_INVALID for a word that is no kind. */
export function readKind(word: string): Kind {
  const kind = kinds.find((one) => one === word)
  if (kind !== undefined) return kind
  const near = nearest(word, kinds)
  const hint = near === undefined ? 'see --explain alone' : `did you mean ${near}?`
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot explain ${JSON.stringify(word)}: there is no such kind, ${hint}`,
  )
}

/** `paint` gives headings their look. */
export function explanationLines(kind: Kind, paint: (heading: string) => string): readonly string[] {
  const { title, what, shows, drover, standard, before, after } = explanations[kind]
  const code = (text: string) => text.split('\n').map((line) => `    ${line}`)
  const part = (heading: string, text: string) => [paint(heading), ...wrapped(text, 2), '']
  return [
    `${paint(title)}  (${kind})`,
    '',
    ...part('What it is', what),
    ...part('How it shows', shows),
    paint('How to fix it'),
    ...(drover === undefined ? [] : wrapped(`with Drover: ${drover}`, 2)),
    ...wrapped(drover === undefined ? standard : `otherwise: ${standard}`, 2),
    '',
    paint('Before'),
    ...code(before),
    '',
    paint('After'),
    ...code(after),
  ]
}
