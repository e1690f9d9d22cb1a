// The tarball that would be published works in an empty project: its imports, its types, its command line, and a real
// app under its `drover up`.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import { until } from '../support/until.ts'
import { packAndInstall } from './packed-project.ts'

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
/** What Express users have in their project anyway, in the versions that are tried here. */
const appPackages = ['express', '@types/express', '@types/node'].map(
  (name) => `${name}@${manifest.devDependencies[name]}`,
)

const project = await packAndInstall()
after(() => project.remove())

function importing(specifier: string): Promise<{ readonly stdout: string }> {
  const program = `console.log(Object.keys(await import(${JSON.stringify(specifier)})).join(' '))`
  return project.run(process.execPath, ['--input-type=module', '--eval', program])
}

test('the tarball holds bin, dist, docs, README and LICENSE, and nothing else', () => {
  const wanted =
    /^(?:bin\/drover\.js|dist\/.+\.(?:js|js\.map|d\.ts|lua|sql)|docs\/.+|README\.md|LICENSE|package\.json)$/
  assert.deepEqual(
    project.files.filter(
      (path) => !wanted.test(path) || /\.test\.|^dist\/(?:test|examples|bench)\//.test(path),
    ),
    [],
  )
  for (const path of [
    'bin/drover.js',
    'README.md',
    'LICENSE',
    'dist/index.js',
    'dist/stores/redis/save.lua',
  ]) {
    assert.ok(project.files.includes(path), `${path} is missing`)
  }
})

test('installing it brings its dependencies, and neither a peer nor a Node of its own', async () => {
  const installed = await readdir(join(project.folder, 'node_modules'))
  assert.deepEqual(
    installed.filter((name) => !name.startsWith('.')).toSorted(),
    ['drover', ...Object.keys(manifest.dependencies)].toSorted(),
  )
  assert.equal(existsSync(join(project.folder, 'node_modules/.bin/node')), false)
  assert.equal(existsSync(join(project.folder, 'node_modules/.bin/drover')), true)
})

for (const [specifier, name] of [
  ['drover', 'sessions'],
  ['drover/express', 'expressSessions'],
  ['drover/config', 'defineConfig'],
  ['drover/testing', 'sessionStoreContract'],
] as const) {
  test(`import '${specifier}' works with nothing but dependencies installed`, async () => {
    const { stdout } = await importing(specifier)
    assert.ok(stdout.split(/\s/).includes(name), `exports ${stdout}`)
  })
}

test("import 'drover/dist/…' is refused: only the documented subpaths are public", async () => {
  await assert.rejects(importing('drover/dist/index.js'), /ERR_PACKAGE_PATH_NOT_EXPORTED/)
})

test('npx drover answers --version and --help', async () => {
  const version = await project.run('npx', ['--no-install', 'drover', '--version'])
  assert.equal(version.stdout.trim(), manifest.version)
  const help = await project.run('npx', ['--no-install', 'drover', '--help'])
  assert.match(help.stdout, /^ {2}up /m)
})

test('its types hold in a strict project that checks libraries too', async () => {
  await project.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...appPackages])
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    noEmit: true,
  }
  const config = { compilerOptions, files: ['types.ts'] }
  await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify(config))
  await project.run(process.execPath, [tsc, '-p', '.'])
})

test('an Express app with sessions runs under the installed drover up, on two instances', async () => {
  const bin = join(project.folder, 'node_modules/.bin/drover')
  const args = ['up', '--instances', '2', '--port', '0', '--state', 'state', '--', 'node', 'server.js']
  const fleet = spawn(bin, args, { cwd: project.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [fleet.stdout, fleet.stderr])
    stream.on('data', (chunk: Buffer) => (output += String(chunk)))
  try {
    const { url } = await until('both instances are ready', async () => {
      if (fleet.exitCode !== null) throw new Error(`drover up ended with ${fleet.exitCode}:\n${output}`)
      const status = await project.run(bin, ['status', '--json', '--state', 'state']).catch(() => undefined)
      const snapshot = status && (JSON.parse(status.stdout) as FleetSnapshot)
      return snapshot?.instances.every(({ state }) => state === 'ready') === true ? snapshot : undefined
    })
    assert.deepEqual(await visit(url, 6), { visits: 6, instances: ['1', '2'] })
    await project.run(bin, ['stop', '--state', 'state'])
    await until('drover up has ended', () => fleet.exitCode !== null)
    assert.equal(fleet.exitCode, 0, output)
  } finally {
    fleet.kill('SIGKILL')
  }
})

/** Visits that often with one cookie; tells the last count and who answered. */
async function visit(url: string, times: number): Promise<{ visits: number; instances: string[] }> {
  const instances = new Set<string>()
  let cookie = ''
  let visits = 0
  for (let turn = 0; turn < times; turn += 1) {
    const response = await fetch(`${url}/visits`, { headers: { cookie } })
    assert.equal(response.status, 200)
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    const answer = (await response.json()) as { visits: number; instance: string }
    visits = answer.visits
    instances.add(answer.instance)
  }
  return { visits, instances: [...instances].toSorted() }
}
