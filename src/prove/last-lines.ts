// What the app, or the tests, wrote last, where that is why nothing can be judged.

const linesShown = 12

/** Nobody looks there for what is wrong. */
const isNoise = /^\s*$|^\s*at .*\(node:internal\/|^\s*at node:internal\//

/** What npm and its like say of a script: which one it is, and that it failed. */
const isOfLauncher = /^npm (?:err!|error|notice|warn)|^> |^error Command failed|^\s*ELIFECYCLE/i

export function toldLines(lines: readonly string[], who = 'the app wrote'): readonly string[] {
  const telling = lines.filter((line) => !isNoise.test(line))
  const own = telling.filter((line) => !isOfLauncher.test(line))
  return (own.length > 0 ? own : telling).slice(-linesShown).map((line) => `${who}: ${line}`)
}
