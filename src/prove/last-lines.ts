// What the app, or the tests, wrote last, where that is why nothing can be judged.

const linesShown = 12

/** Nobody looks there for what is wrong. */
const isNoise = /^\s*$|^\s*at .*\(node:internal\/|^\s*at node:internal\//

export function toldLines(lines: readonly string[], who = 'the app wrote'): readonly string[] {
  const telling = lines.filter((line) => !isNoise.test(line))
  return telling.slice(-linesShown).map((line) => `${who}: ${line}`)
}
