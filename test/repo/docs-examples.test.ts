// The TypeScript of README and of the guides is held to its word: each block is compiled against the sources.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { examplesIn, withFolderOf } from './docs-examples.ts'
import type { Examples, Page } from './docs-examples.ts'
import { readText, root } from './imports.ts'

const guides = ['sessions', 'tokens', 'instance', 'balancer', 'running', 'deploying', 'scaling', 'files']
const paths = ['README.md', ...guides.map((name) => `docs/${name}.md`)]
const pages: readonly Page[] = paths.map((path) => ({ path, text: readText(path) }))
const tsc = join(root, 'node_modules/typescript/bin/tsc')

function examplesOf(some: readonly Page[]): Examples {
  return new Map(some.flatMap((page) => Array.from(examplesIn(page))))
}

/** What the compiler says of them, as `page-line.ts(line,column): error …`. */
function complaintsAbout(examples: Examples): Promise<readonly string[]> {
  return withFolderOf(examples, async (folder) => {
    const compilerOptions = { isolatedDeclarations: false, noUnusedLocals: false, noUnusedParameters: false }
    const files = [...examples.keys()]
    const config = { extends: '../../tsconfig.json', compilerOptions, files, include: [], exclude: [] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    return compile(folder)
  })
}

function compile(folder: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: folder }, (failure, output) => {
      // What is said at greater length is indented.
      const said = output.split(/\n(?! )/).filter((complaint) => complaint !== '')
      // A compiler that did not run must not look like one that had nothing to say.
      resolve(failure !== null && said.length === 0 ? [failure.message] : said)
    })
  })
}

test('every TypeScript block of README and the guides is found, and none is written as another language', () => {
  for (const page of pages) {
    const fences = page.text.match(/^ *```\w*(?:ts|typescript|tsx|js|javascript|mjs)\b.*$/gm) ?? []
    assert.equal(examplesIn(page).size, fences.length, page.path)
    assert.ok(fences.length > 0, page.path)
  }
})

const brokenNames = ['login', 'takeFlash', 'revokeAll', 'memorySessionStore', 'idempotencyKey', 'conflicts']
const brokenPage: Page = {
  path: 'wrong.md',
  text: pages
    .map(({ text }) => text)
    .join('\n')
    .replaceAll(new RegExp(`\\b(?:${brokenNames.join('|')})\\b`, 'g'), 'un$&'),
}
/** Of both compiled at once, which takes half the time: whether a complaint is about the broken page shows in its file. */
const complaints = complaintsAbout(examplesOf([...pages, brokenPage]))

function isAboutBroken(complaint: string): boolean {
  return complaint.startsWith('wrong')
}

test('every TypeScript block of README and the guides compiles against the sources', async () => {
  assert.deepEqual(
    (await complaints).filter((complaint) => !isAboutBroken(complaint)),
    [],
  )
})

test('a name that the API does not have is a complaint at its line of the page', async () => {
  const lines = brokenPage.text.split('\n')
  const about = (await complaints).filter(isAboutBroken)
  const named = about.map((complaint) => lines[Number(/\((\d+),/.exec(complaint)?.[1]) - 1] ?? '')
  const missed = brokenNames.filter((name) => !named.some((line) => line.includes(`un${name}`)))
  assert.deepEqual(missed, [], about.join('\n'))
})
