// Disks of Linux: a mount namespace whose root is an overlay of the machine's, so that the app sees its usual paths and what it writes
// anywhere is kept apart, in memory, and listed exactly.
import { accessSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Disk, Disks, Place } from './disk.ts'
import { hostnameOf } from './disk.ts'
import type { Holder } from './holder.ts'
import { hold, quote, systemPath } from './holder.ts'
import type { PlannedMount } from './mount-plan.ts'
import { parseListeningSockets, parseMountInfo, planMounts, planMountsInParts } from './mount-plan.ts'
import { mountScript } from './mount-script.ts'
import { endNamespaceMembers } from './namespace-members.ts'
import type { WrittenFile } from './servers.ts'
import type { Layer } from './upper-files.ts'
import { listUpperFiles } from './upper-files.ts'

export interface OverlayOptions {
  /** The app's folder, without symbolic links. */
  readonly cwd: string
  /** Folder for mount points. */
  readonly folder: string
  /** Folder that all disks have in common under its own path. */
  readonly sharedFolder: string
}

// Who is not root becomes it in a user namespace first.
const isRoot = process.getuid?.() === 0
const newUser = isRoot ? [] : ['--user', '--map-root-user']
const sameUser = isRoot ? [] : ['--user', '--preserve-credentials']

/** One mount each: a desktop has dozens, and no app asks more than a few. */
const mostSockets = 64
// The app's own PATH may lack it.
const nsenter =
  systemPath
    .split(':')
    .map((folder) => join(folder, 'nsenter'))
    .find(exists) ?? 'nsenter'

// A user namespace copies mounts locked, so that `/` as a whole cannot be overlaid in one.
type Layout = 'whole' | 'parts'
const layouts: readonly Layout[] = isRoot ? ['whole', 'parts'] : ['parts']

/** Rejects where the machine cannot do this, with the reason. */
export async function openOverlayDisks(options: OverlayOptions): Promise<Disks> {
  if (process.platform !== 'linux') throw new Error('only Linux has overlays')
  // The first disk is the proof that there can be others, and the one on which commands of the user run.
  const [layout, first] = await openFirst(options)
  return {
    limits: limitsOf(first),
    prepared: () => Promise.resolve(first.disk),
    async open(instances) {
      const hasFiles = (await first.disk.writtenFiles()).length > 0
      return (await openDisk(options, layout, hasFiles ? first.holder : undefined, instances)).disk
    },
    close: () => first.disk.close(),
  }
}

async function openFirst(options: OverlayOptions): Promise<readonly [Layout, OpenDisk]> {
  let problem: unknown
  for (const layout of layouts) {
    try {
      return [layout, await openDisk(options, layout, undefined, [])]
    } catch (error) {
      problem ??= error
    }
  }
  throw problem
}

interface OpenDisk {
  readonly disk: Disk
  readonly holder: Holder
  readonly planned: readonly PlannedMount[]
}

async function openDisk(
  options: OverlayOptions,
  layout: Layout,
  base: Holder | undefined,
  instances: readonly number[],
): Promise<OpenDisk> {
  const scratch = await mkdtemp(join(options.folder, 'disk-'))
  // It has to be a folder that the overlay shows.
  const oldRoot = join(options.folder, 'old-root')
  await mkdir(oldRoot, { recursive: true })
  const planned = plan(options, layout, base)
  if (planned.length === 0) throw new Error(`${options.cwd} holds mounts`)
  const script = mountScript(planned, {
    scratch,
    oldRoot,
    cwd: options.cwd,
    hostnames: instances.map(hostnameOf),
    isRoot,
  })
  const nested =
    base === undefined ? [] : ['nsenter', '--target', String(base.pid), '--mount', ...sameUser, '--']
  const unshare = ['unshare', '--mount', '--uts', ...(base === undefined ? newUser : []), '--']
  const holder = await hold([...nested, ...unshare], script)
  return { disk: asDisk(options, holder, layersOf(planned, holder, base)), holder, planned }
}

function plan(
  { cwd, sharedFolder }: OverlayOptions,
  layout: Layout,
  base: Holder | undefined,
): readonly PlannedMount[] {
  const mounts = parseMountInfo(readFileSync(`/proc/${base?.pid ?? 'self'}/mountinfo`, 'utf8'))
  // Seen through an overlay, a socket is another one, on which nobody listens.
  const sockets = parseListeningSockets(readFileSync('/proc/net/unix', 'utf8')).filter(exists)
  const shared = [sharedFolder, ...sockets.slice(0, mostSockets)]
  // Mounts of the base are its own, and none of them is locked.
  if (layout === 'whole' || base !== undefined) {
    const folders = mounts.filter(({ path }) => isFolder(path))
    return planMounts(folders, shared).filter(({ path }) => exists(path))
  }
  const tops = readdirSync('/', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `/${name}`)
    .filter(exists)
  return planMountsInParts(mounts, tops, cwd, shared)
}

function layersOf(
  planned: readonly PlannedMount[],
  holder: Holder,
  base: Holder | undefined,
): readonly Layer[] {
  return planned
    .filter(({ how }) => how === 'overlay')
    .map(({ path }, index) => ({
      path,
      // Of the folder that the holder keeps open: its mounts cannot be seen from here.
      upper: `/proc/${holder.pid}/fd/5/upper-${index}`,
      lower: `/proc/${base?.pid ?? 'self'}/root${path}`,
    }))
}

function limitsOf({ holder, planned }: OpenDisk): readonly string[] {
  const said = holder.said
    .filter((line) => line.startsWith('shared '))
    .map((line) => line.slice('shared '.length))
  const bound = planned.some(({ how }) => how === 'empty')
    ? planned
        .filter(({ how, path }) => how === 'bind' && !/^\/(?:dev|proc|run|sys)$|drover-prove-/.test(path))
        .map(({ path }) => path)
    : []
  return [...said, ...bound].map((path) => `All instances shared ${path}, which cannot be overlaid.`)
}

function asDisk({ cwd }: OverlayOptions, holder: Holder, layers: readonly Layer[]): Disk {
  const places: Holder[] = []
  return {
    async enter(instance, network) {
      const place = await holdPlace(holder, instance, network, cwd)
      places.push(place)
      return asPlace(place, instance, network, cwd)
    },
    async writtenFiles() {
      const files = await Promise.all(layers.map((layer) => listUpperFiles(layer)))
      return files
        .flat()
        .filter(({ path }) => !isOurs(path))
        .map((file) => relativeTo(cwd, file))
    },
    readFile: (path) => readIfPresent(`/proc/${holder.pid}/root${resolve(cwd, path)}`),
    async close() {
      await endNamespaceMembers('mnt', [holder, ...places])
      await Promise.all(places.map((place) => place.close()))
      await holder.close()
    },
  }
}

// Back to the user's own number, so that an app which refuses to be root runs.
const backToUser = isRoot
  ? []
  : ['unshare', '--user', `--map-user=${process.getuid?.()}`, `--map-group=${process.getgid?.()}`, '--']

/** The hostname, and the network's loopback where it is its own. Says `user` where the app can be who it would be without us. */
function holdPlace(disk: Holder, instance: number, network: 'shared' | 'own', cwd: string): Promise<Holder> {
  const name = quote(hostnameOf(instance))
  const script = [
    `hostname ${name} 2>/dev/null || echo ${name} >/proc/sys/kernel/hostname`,
    ...(network === 'own' ? ['ip link set lo up'] : []),
    `cd ${quote(cwd)}`,
    ...(isRoot ? [] : [`! ${[...backToUser, 'true'].join(' ')} 2>/dev/null || echo user`]),
  ].join('\n')
  const enter = ['nsenter', '--target', String(disk.pid), '--mount', ...sameUser, '--']
  return hold([...enter, 'unshare', '--uts', ...(network === 'own' ? ['--net'] : []), '--'], script)
}

function asPlace({ pid, said }: Holder, instance: number, network: 'shared' | 'own', cwd: string): Place {
  const target = [nsenter, '--target', String(pid), ...sameUser]
  const ownNetwork = network === 'own' ? ['--net'] : []
  const user = said.includes('user') ? backToUser : []
  return {
    enter: [...target, '--mount', '--uts', ...ownNetwork, '--wd', '--', ...user],
    cwd,
    env: { HOSTNAME: hostnameOf(instance), PWD: cwd },
    enterNetwork: network === 'own' ? [...target, '--net', '--'] : undefined,
    translate: (text) => text,
  }
}

const home = homedir()

/** Logs and caches of npm. */
function isOurs(path: string): boolean {
  return path.startsWith(`${home}/.npm/`)
}

function relativeTo(cwd: string, file: WrittenFile): WrittenFile {
  return file.path.startsWith(`${cwd}/`) ? { ...file, path: file.path.slice(cwd.length + 1) } : file
}

function isFolder(path: string): boolean {
  return exists(path) && statSync(path).isDirectory()
}

function exists(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch {
    // Deleted in the meantime, or a folder: nothing to read either way.
    return undefined
  }
}
