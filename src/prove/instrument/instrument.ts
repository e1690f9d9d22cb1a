// The instrument that names lines in Node apps, as src/prove/app/ takes it.
import { globSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Instrument } from '../app/servers.ts'
import { parserVariable } from './instrumenter.ts'
import { rootVariable } from './settings.ts'

/**
 * `root`: the app's folder, absolute. `by`: how it is loaded. What is imported makes Node read the app's first module as it reads ES modules,
 * which ts-node and its like do not outlive; a Node before 20.19, or 22 before 22.12, cannot require it.
 */
export function nodeInstrument(root: string, by: 'require' | 'import' = 'require'): Instrument {
  const here = fileURLToPath(import.meta.url)
  const folder = here.endsWith('.ts') ? compiled(dirname(here)) : dirname(here)
  const env = { [rootVariable]: realpathSync(root), [parserVariable]: here }
  const preload = join(folder, 'preload.mjs')
  return { env, preload: [by === 'require' ? preload : pathToFileURL(preload).href] }
}

let made: string | undefined

/** Run from source, the app's own Node may be too old to read TypeScript: it gets what the build would make. */
function compiled(from: string): string {
  if (made !== undefined) return made
  made = mkdtempSync(join(tmpdir(), 'drover-instrument-'))
  const folder = made
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(made, 'package.json'), '{"type":"module"}')
  for (const file of globSync('*.{ts,mts}', { cwd: from })) {
    const source = readFileSync(join(from, file), 'utf8')
    const plain = quietly(() => stripTypeScriptTypes(source)).replaceAll(/(from '\.\/[^']+)\.ts'/g, "$1.js'")
    writeFileSync(join(made, basename(file).replace(/ts$/, 'js')), plain)
  }
  return made
}

/** Node warns that this is experimental, in the middle of what a person reads. */
function quietly(strip: () => string): string {
  const warn = process.emitWarning.bind(process)
  process.emitWarning = () => undefined
  try {
    return strip()
  } finally {
    process.emitWarning = warn
  }
}
