// The specimens by which `drover prove` is judged: little apps below ../apps, each in a folder with what is to be found about it.
//   flow.yaml      what its visitors do; a stateless twin has that of the app it is the twin of
//   expect.json    verdict, kind, command …
// Where its state is declared and written, comments in the source say: `state:declared` and `state:written`, on that line or just above.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { kinds, type Kind } from '../../../src/prove/finding.ts'
import { parseFlow } from '../../../src/prove/flow/file.ts'
import type { Flow } from '../../../src/prove/flow/flow.ts'

const root = fileURLToPath(new URL('../apps/', import.meta.url))
const adversarial = ['private-disk', 'shared-disk', 'restart'] as const

export interface MarkedLine {
  /** Relative to the app's folder. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly as: 'declared' | 'written'
}

export interface Specimen {
  /** Such as module-state/basket. */
  readonly name: string
  readonly folder: string
  readonly flowFile: string
  readonly flow: Flow
  readonly verdict: 'stateful' | 'no-divergence'
  /** Of a stateful one: the kind, and others that are not wrong either. Empty for the others. */
  readonly kinds: readonly Kind[]
  /** Modes in which it differs. Empty for stateless ones. */
  readonly differs: readonly (typeof adversarial)[number][]
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where a finding may point to. Empty for stateless ones. */
  readonly lines: readonly MarkedLine[]
  /** Whether it keeps something in the outside store. */
  readonly usesStore: boolean
  /** Files that hold the state, relative to the app's folder. */
  readonly files: readonly string[]
  /** The npm package that the state lives in. */
  readonly package: string | undefined
  readonly twinOf: string | undefined
}

const kind = v.picklist(kinds)
const common = {
  command: v.pipe(v.array(v.string()), v.minLength(1)),
  env: v.optional(v.record(v.string(), v.string()), {}),
}
const expectation = v.variant('verdict', [
  v.strictObject({
    ...common,
    verdict: v.literal('stateful'),
    kind,
    orKinds: v.optional(v.array(kind), []),
    differs: v.optional(v.array(v.picklist(adversarial)), [...adversarial]),
    files: v.optional(v.array(v.string()), []),
    package: v.optional(v.string()),
  }),
  v.strictObject({ ...common, verdict: v.literal('no-divergence'), twinOf: v.optional(v.string()) }),
])

/** All specimens, by name. Throws where one is not whole. */
export function listCorpus(): readonly Specimen[] {
  const folders = globSync('*/*/expect.json', { cwd: root }).map((path) => dirname(path))
  return folders.toSorted().map((name) => readSpecimen(name))
}

function readSpecimen(name: string): Specimen {
  const folder = join(root, name)
  const written: unknown = JSON.parse(readFileSync(join(folder, 'expect.json'), 'utf8'))
  const read = v.safeParse(expectation, written)
  if (!read.success)
    throw new Error(`${name}/expect.json: ${read.issues.map(({ message }) => message).join(', ')}`)
  const expected = read.output
  const twinOf = expected.verdict === 'no-divergence' ? expected.twinOf : undefined
  const flowFile = [folder, join(root, twinOf ?? name)]
    .map((one) => join(one, 'flow.yaml'))
    .find((path) => existsSync(path))
  if (flowFile === undefined) throw new Error(`${name} has no flow.yaml`)
  const { verdict, command, env } = expected
  const flow = parseFlow(readFileSync(flowFile, 'utf8'), basename(flowFile))
  const shared = {
    name,
    folder,
    flowFile,
    flow,
    verdict,
    command,
    env,
    twinOf,
    lines: markedLines(folder),
    usesStore: mentionsStore(folder),
  }
  if (expected.verdict === 'no-divergence')
    return { ...shared, kinds: [], differs: [], files: [], package: undefined }
  const { differs, files } = expected
  return { ...shared, kinds: [expected.kind, ...expected.orKinds], differs, files, package: expected.package }
}

const sources = '**/*.{js,mjs,cjs,ts,py}'

function mentionsStore(folder: string): boolean {
  const files = globSync(sources, { cwd: folder })
  return files.some((file) => readFileSync(join(folder, file), 'utf8').includes('STORE_URL'))
}

const marker = /(?:\/\/|#) state:(declared|written)$/

function markedLines(folder: string): readonly MarkedLine[] {
  return globSync(sources, { cwd: folder }).flatMap((file) =>
    linesMarkedIn(file, readFileSync(join(folder, file), 'utf8')),
  )
}

export function linesMarkedIn(file: string, source: string): readonly MarkedLine[] {
  return source.split('\n').flatMap((text, index): readonly MarkedLine[] => {
    const as = marker.exec(text)?.[1]
    if (as !== 'declared' && as !== 'written') return []
    const isAlone = /^\s*(?:\/\/|#) state:/.test(text)
    return [{ file, line: index + (isAlone ? 2 : 1), as }]
  })
}

const packages = fileURLToPath(new URL('../../../node_modules', import.meta.url))
/** As ../apps/.gitignore has it: what a specimen leaves when it is started in its own folder. */
const leftover = /^(?:data|uploads|logs|scratch|db\.json|readings\.json|.*\.(?:log|db|sqlite.*))$/

/** Around copies below `scratch`: the packages, and the kind of module that the repository's own package.json says. */
export async function prepareCopies(scratch: string): Promise<void> {
  await mkdir(scratch, { recursive: true })
  await symlink(packages, join(scratch, 'node_modules'))
  await writeFile(join(scratch, 'package.json'), '{ "type": "module" }')
}

/** The specimen as it is before its first start. */
export async function copySpecimen({ folder }: Specimen, to: string): Promise<void> {
  await cp(folder, to, {
    recursive: true,
    filter: (path) => path === folder || !leftover.test(basename(path)),
  })
}
