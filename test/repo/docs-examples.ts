// The TypeScript that README and the guides show, as programs.
//
// A block may need what its reader has by then, a `session` or an `app`. That stands before it in a comment that a rendered
// page does not show, `<!-- ts … -->`, and belongs to the program.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './imports.ts'

export interface Page {
  readonly path: string
  readonly text: string
}

/** File name to program. */
export type Examples = ReadonlyMap<string, string>

const block = /(?:^<!-- ts\b[\s\S]*?-->\n+)?^```ts\n[\s\S]*?^```$/gm

/** Each block of a page, under the line it begins at. */
export function examplesIn({ path, text }: Page): Examples {
  const nameOf = (match: RegExpExecArray) =>
    `${path.replaceAll(/\W/g, '-')}-${text.slice(0, match.index).split('\n').length}.ts`
  return new Map([...text.matchAll(block)].map((match) => [nameOf(match), programOf(text, match)]))
}

/** The page with everything blank but one block and its comment, so that a line is the same line in both. */
function programOf(text: string, match: RegExpExecArray): string {
  const before = text.slice(0, match.index).replaceAll(/[^\n]/g, '')
  return before + match[0].replace(/^<!-- ts\b/, '').replaceAll(/^-->$|(?<=.)-->$|^```(?:ts)?$/gm, '')
}

/**
 * Writes them into a folder inside the repository, so that 'drover/…' is this package, where neither git nor the other
 * checks look. `use` may have it for as long as it takes.
 */
export async function withFolderOf<Result>(
  examples: Examples,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(join(root, '.drover'), { recursive: true })
  const folder = await mkdtemp(join(root, '.drover', 'docs-examples-'))
  try {
    for (const [name, program] of examples) await writeFile(join(folder, name), program)
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
