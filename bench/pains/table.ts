// The findings for people: each pain with what was seen of it in every library.
import type { Finding } from './scenario.ts'

export function writePains(findings: readonly Finding[]): string {
  const widest = (word: (finding: Finding) => string) => Math.max(...findings.map((one) => word(one).length))
  const libraryWidth = widest(({ library }) => library)
  const verdictWidth = widest(({ verdict }) => verdict)
  return [...Map.groupBy(findings, ({ pain }) => pain)]
    .map(([pain, group]) =>
      [
        pain,
        ...group.map(
          ({ library, verdict, seen }) =>
            `  ${library.padEnd(libraryWidth)}  ${verdict.padEnd(verdictWidth)}  ${seen}`,
        ),
      ].join('\n'),
    )
    .join('\n\n')
}
