// The tarball that would be published works in an empty project: its imports, its types, its command line, and a real
// app under its `drover up`.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { FleetSnapshot } from '../../src/control/snapshot.ts'
import { until } from '../support/until.ts'
import { packAndInstall } from './packed-project.ts'

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
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

test('the tarball holds bin, dist, docs, schemas, README and LICENSE, and nothing else', () => {
  const wanted =
    /^(?:bin\/drover\.js|dist\/.+\.(?:m?js|m?js\.map|d\.m?ts|lua|sql)|schema\/.+\.json|docs\/.+|README\.md|LICENSE|package\.json)$/
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

test('installing it brings its dependencies, and neither a peer nor a Node of its own', () => {
  const isInstalled = (name: string) => existsSync(join(project.folder, 'node_modules', name))
  for (const name of ['drover', ...Object.keys(manifest.dependencies)]) assert.ok(isInstalled(name), name)
  // prom-client brings it.
  const peers = Object.keys(manifest.peerDependencies).filter((name) => name !== '@opentelemetry/api')
  assert.ok(peers.length > 5)
  for (const name of peers) assert.ok(!isInstalled(name), name)
  assert.equal(existsSync(join(project.folder, 'node_modules/.bin/node')), false)
  assert.equal(existsSync(join(project.folder, 'node_modules/.bin/drover')), true)
})

for (const [specifier, name] of [
  ['drover', 'sessions'],
  ['drover/express', 'expressSessions'],
  ['drover/files', 'files'],
  ['drover/config', 'defineConfig'],
  ['drover/testing', 'sessionStoreContract'],
] as const) {
  test(`import '${specifier}' works with nothing but dependencies installed`, async () => {
    const { stdout } = await importing(specifier)
    assert.ok(stdout.split(/\s/).includes(name), `exports ${stdout}`)
  })
}

test("files('s3://…') without the packages it needs says which one to install; files('file:…') needs none", async () => {
  const program = `import { files } from 'drover/files'
await files('s3://bucket').stat('a').catch((error) => console.log(error.code, error.message))
await files('file:files').put('a', 'b', { contentType: 'text/plain' }).then((file) => console.log(file.sha256))`
  const { stdout } = await project.run(process.execPath, ['--input-type=module', '--eval', program])
  assert.match(
    stdout,
    /^PEER_MISSING Cannot use files in S3: .*npm install @aws-sdk\/client-s3 @aws-sdk\/s3-request-presigner @flystorage\/file-storage @flystorage\/aws-s3\n3e23e816/,
  )
})

test("import 'drover/dist/…' is refused: only the documented subpaths are public", async () => {
  await assert.rejects(importing('drover/dist/index.js'), /ERR_PACKAGE_PATH_NOT_EXPORTED/)
})

test('npx drover answers --version and --help', async () => {
  const version = await project.run('npx', ['--no-install', 'drover', '--version'])
  assert.equal(version.stdout.trim(), manifest.version)
  const help = await project.run('npx', ['--no-install', 'drover', '--help'])
  assert.match(help.stdout, /^ {2}up /m)
})

test('its types hold in a strict project that checks libraries too, as does the example of README', async () => {
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
  await writeFile(join(project.folder, 'readme.ts'), await readmeExample())
  const config = { compilerOptions, files: ['types.ts', 'readme.ts'] }
  await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify(config))
  await project.run(process.execPath, [tsc, '-p', '.'])
})

test('the example of README, as it stands there, runs under the installed drover up and counts over two instances', async () => {
  await underDroverUp('readme.ts', async (url) => {
    assert.deepEqual(await visit(url, 6), { last: 'Visit 6', answeredBy: 2 })
  })
})

/** The block of README that shows an own Express app. */
async function readmeExample(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  const example = blocks.find((block) => block.includes('drover/express'))
  if (example === undefined) throw new Error('README shows no Express app')
  return example
}

/** Runs `script` as two instances of the installed `drover up` while `use` looks at them, then stops it gracefully. */
async function underDroverUp(script: string, use: (url: string) => Promise<void>): Promise<void> {
  const bin = join(project.folder, 'node_modules/.bin/drover')
  const args = ['up', '--instances', '2', '--port', '0', '--state', 'state', '--', 'node', script]
  const fleet = spawn(bin, args, { cwd: project.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [fleet.stdout, fleet.stderr])
    stream.on('data', (chunk: Buffer) => (output += String(chunk)))
  try {
    const { url } = await until('both instances are ready', async () => {
      if (fleet.exitCode !== null) throw new Error(`drover up ended with ${fleet.exitCode}:\n${output}`)
      const status = await project.run(bin, ['status', '--json', '--state', 'state']).catch(() => undefined)
      const snapshot = status && (JSON.parse(status.stdout) as FleetSnapshot)
      const ready = snapshot?.instances.filter(({ state }) => state === 'ready')
      return ready?.length === 2 ? snapshot : undefined
    })
    await use(url)
    await project.run(bin, ['stop', '--state', 'state'])
    await until('drover up has ended', () => fleet.exitCode !== null)
    assert.equal(fleet.exitCode, 0, output)
  } finally {
    fleet.kill('SIGKILL')
  }
}

/** Visits that often with one cookie, to an app that answers `<count>, answered by <who>`. */
async function visit(url: string, times: number): Promise<{ last: string; answeredBy: number }> {
  const answeredBy = new Set<string>()
  let cookie = ''
  let last = ''
  for (let turn = 0; turn < times; turn += 1) {
    const response = await fetch(url, { headers: { cookie } })
    const text = await response.text()
    assert.equal(response.status, 200, text)
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    const [count = '', who = ''] = text.split(', answered by ')
    last = count
    answeredBy.add(who)
  }
  return { last, answeredBy: answeredBy.size }
}
