// Packs drover as `npm publish` would, and installs the tarball in an empty project, all in a temporary folder.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const consumer = fileURLToPath(new URL('consumer', import.meta.url))
/** Everything that building and packing reads. A copy, so that a build here never disturbs the checkout. */
const packed = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'LICENSE',
  'bin',
  'docs',
  'schema',
  'scripts',
  'src',
  'test',
  'examples',
  'bench',
  'toolchain',
]

export interface Ended {
  readonly stdout: string
  readonly stderr: string
}

export interface PackedProject {
  /** The empty project into which the tarball was installed. */
  readonly folder: string
  /** Paths in the tarball, without the leading package/. */
  readonly files: readonly string[]
  /** Runs a program in the project; rejects, with all it printed, when it fails. */
  run(command: string, args: readonly string[]): Promise<Ended>
  remove(): Promise<void>
}

/** The settings npm gives to scripts would make the npm under test work on this checkout instead. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(?!config_(registry|cache|cafile)$)/i.test(name),
  )
  return { ...Object.fromEntries(kept), NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined }
}

async function runIn(folder: string, command: string, args: readonly string[]): Promise<Ended> {
  try {
    return await run(command, args, { cwd: folder, env: cleanEnvironment(), maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as Partial<Ended>
    throw new Error(`Cannot run ${command} ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error })
  }
}

async function pack(
  folder: string,
): Promise<{ readonly tarball: string; readonly files: readonly string[] }> {
  const copy = join(folder, 'checkout')
  for (const name of packed.filter((one) => existsSync(join(root, one)))) {
    await cp(join(root, name), join(copy, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  // prepack builds and prints; the JSON comes after it.
  const { stdout } = await runIn(copy, 'npm', ['pack', '--json', '--pack-destination', folder])
  const start = stdout.search(/^\[$/m)
  const [result] = JSON.parse(stdout.slice(start)) as { filename: string; files: { path: string }[] }[]
  if (result === undefined) throw new Error(`npm pack told of no tarball:\n${stdout}`)
  return { tarball: join(folder, result.filename), files: result.files.map(({ path }) => path) }
}

export async function packAndInstall(): Promise<PackedProject> {
  const top = await mkdtemp(join(tmpdir(), 'drover-pack-'))
  const folder = join(top, 'project')
  const remove = () => rm(top, { recursive: true, force: true })
  try {
    await mkdir(folder)
    const { tarball, files } = await pack(top)
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    await copyFile(join(consumer, 'types.ts'), join(folder, 'types.ts'))
    const project: PackedProject = {
      folder,
      files,
      run: (command, args) => runIn(folder, command, args),
      remove,
    }
    await project.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball])
    return project
  } catch (error) {
    await remove()
    throw error
  }
}
