// Commands that README and docs tell people to type exist.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { drover } from '../support/fleet.ts'
import { listFiles, readText, root } from './imports.ts'
import { readManifest } from './manifest.ts'

const pages = ['README.md', ...listFiles('docs/**/*.md')]
const { scripts } = readManifest()
/** npm's own words, which need no script. */
const npmWords = new Set(['ci', 'install', 'i', 'run', 'pack', 'init', 'exec'])

interface Mention {
  readonly page: string
  readonly word: string
}

/** Only what stands in code: prose may say "drover can …". What is told to be missing need not exist. */
function codeOf(page: string): string {
  const text = readText(page).replaceAll(/^## What does not work yet\n[\s\S]*?(?=^## )/gm, '')
  const blocks = [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '')
  const spans = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    (match) => match[1] ?? '',
  )
  return [...blocks, ...spans].join('\n')
}

function mentions(pattern: RegExp): Mention[] {
  return pages.flatMap((page) =>
    [...codeOf(page).matchAll(pattern)].map((match) => ({ page, word: match[1] ?? '' })),
  )
}

test('every npm command in README and docs exists in package.json', () => {
  const ran = mentions(/\bnpm run (?:--silent |-s )?([\w:.-]+)/g)
  const short = mentions(/(?:^|[;&|$] *)npm ((?!run\b)[a-z][\w:-]*)/gm)
  assert.ok(ran.length + short.length >= 3, 'README names no commands')
  const wrong = [...ran, ...short].filter(({ word }) => scripts[word] === undefined && !npmWords.has(word))
  assert.deepEqual(wrong, [])
})

test('every drover command in README and docs exists in the command line', async () => {
  const { stdout, code } = await drover(['--help'])
  assert.equal(code, 0)
  const commands = new Set([...stdout.matchAll(/^ {2}([a-z]+)\b/gm)].map((match) => match[1] ?? ''))
  assert.ok(commands.has('up'))
  const named = mentions(/(?:^|[;&|$] *|npx |npm run (?:--silent |-s )?)drover (?:-- )?([a-z]+)\b/gm)
  assert.ok(named.length > 0, 'README names no drover command')
  assert.deepEqual(
    named.filter(({ word }) => !commands.has(word)),
    [],
  )
})

test('README says how to start and how to test, in the words of package.json', () => {
  const text = codeOf('README.md')
  assert.match(text, /npm ci && npm start/)
  assert.match(text, /npm ci && npm test/)
})

test('every local link in README and docs leads somewhere', () => {
  const links = pages.flatMap((page) =>
    [...readText(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map((match) => ({
      page,
      target: match[1] ?? '',
    })),
  )
  const broken = links.filter(({ page, target }) => !existsSync(join(root, dirname(page), target)))
  assert.deepEqual(broken, [])
})

test('.ci/run calls what README calls the tests', () => {
  const commands = readText('.ci/run')
  assert.match(commands, /^npm ci$/m)
  assert.match(commands, /^npm run check$/m)
  assert.match(scripts['check'] ?? '', /npm test\b/)
})
