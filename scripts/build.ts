// npm run build: dist/ from src/ by plain tsc, and the Lua and SQL files beside the code that reads them.
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const assets = 'src/**/*.{lua,sql}'

function compile(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json']
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error(`Cannot build: tsc ended with ${status}`)
}

function copyAssets(): void {
  for (const asset of globSync(assets, { cwd: root })) {
    copyFileSync(join(root, asset), join(root, asset.replace(/^src/, 'dist')))
  }
}

try {
  // A file that no longer has a source must not be published.
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  compile()
  copyAssets()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
