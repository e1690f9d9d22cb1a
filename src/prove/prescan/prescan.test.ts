// Hints of a static look: what is told, and what is left alone.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { hintsIn, prescan } from './prescan.ts'
import { scanLimits } from './sources.ts'

function kindsAt(text: string, file = 'app.js'): readonly string[] {
  return hintsIn({ file, text }).map(({ kind, at }) => `${kind} ${at.line}`)
}

describe('hints', () => {
  const cases: readonly (readonly [name: string, source: string, hints: readonly string[]])[] = [
    [
      'a variable that a function writes',
      'let hits = 0\nexport const hit = () => hits++',
      ['module-state 1'],
    ],
    [
      'a map that a function fills',
      'const carts = new Map()\nfunction add(id) { carts.set(id, []) }',
      ['module-state 1'],
    ],
    [
      'an object that a function changes',
      'const state = {}\nexports.set = (v) => { state.v = v }',
      ['module-state 1'],
    ],
    ['nothing of what the module itself fills', 'const types = new Map()\ntypes.set("a", 1)', []],
    ['nothing of what a function has for itself', 'function f() { const a = []; a.push(1); return a }', []],
    [
      'sessions without a store',
      'import session from "express-session"\napp.use(session({ secret }))',
      ['in-memory-session 2'],
    ],
    [
      'nothing of sessions with a store',
      'import session from "express-session"\napp.use(session({ store }))',
      [],
    ],
    [
      'a limiter without a store',
      'const { rateLimit } = require("express-rate-limit")\napp.use(rateLimit({ limit: 5 }))',
      ['rate-limiter 2'],
    ],
    [
      'uploads on the disk',
      'const multer = require("multer")\nconst upload = multer({ dest: "up" })',
      ['upload-directory 2'],
    ],
    [
      'a database in a file',
      'import { DatabaseSync } from "node:sqlite"\nconst db = new DatabaseSync("a.db")',
      ['local-sqlite 2'],
    ],
    [
      'a secret that is drawn at boot',
      'const key = process.env.KEY ?? crypto.randomBytes(32)',
      ['per-process-secret 1'],
    ],
    ['nothing of what a function draws', 'const newKey = () => crypto.randomBytes(32)', []],
    ['a timer', 'setInterval(tidy, 1000)', ['in-process-schedule 1']],
    ['nothing of what cannot be parsed', 'let let = function (', []],
  ]
  for (const [name, source, hints] of cases) {
    it(name, () => {
      assert.deepEqual(kindsAt(source), hints)
    })
  }

  it('TypeScript', () => {
    assert.deepEqual(kindsAt('let n: number = 0\nexport const f = (): number => ++n', 'app.ts'), [
      'module-state 1',
    ])
  })
})

it('looks at the app and not at its packages, and stops at a limit', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drover-prescan-'))
  try {
    await mkdir(join(folder, 'node_modules/other'), { recursive: true })
    await mkdir(join(folder, 'src'))
    const source = 'let n = 0\nexport const f = () => n++\n'
    for (const file of ['node_modules/other/index.js', 'src/a.js', 'src/b.js'])
      await writeFile(join(folder, file), source)
    const files = async (limit: number): Promise<readonly string[]> =>
      (await prescan(folder, { ...scanLimits, files: limit }, () => 0)).map(({ at }) => at.file)
    assert.deepEqual(await files(10), ['src/a.js', 'src/b.js'])
    assert.deepEqual(await files(1), ['src/a.js'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
