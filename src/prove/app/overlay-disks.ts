// Disks of Linux: a mount namespace whose root is an overlay of the machine's, so that the app sees its usual paths and what it writes
// anywhere is kept apart, in memory, and listed exactly.
import { accessSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Disk, Disks, Place } from './disk.ts'
import { hostnameOf } from './disk.ts'
import type { Holder } from './holder.ts'
import { hold, quote } from './holder.ts'
import type { PlannedMount } from './mount-plan.ts'
import { parseMountInfo, planMounts } from './mount-plan.ts'
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

/** Rejects where the machine cannot do this, with the reason. */
export async function openOverlayDisks(options: OverlayOptions): Promise<Disks> {
  if (process.platform !== 'linux') throw new Error('only Linux has overlays')
  // The first disk is the proof that there can be others, and the one on which commands of the user run.
  const first = await openDisk(options, undefined, [])
  return {
    limits: [
      ...sharedMounts(first.holder),
      ...(isRoot ? [] : ['The app saw itself run as root, as only so could it get a disk of its own.']),
    ],
    prepared: () => Promise.resolve(first.disk),
    async open(instances) {
      const hasFiles = (await first.disk.writtenFiles()).length > 0
      return (await openDisk(options, hasFiles ? first.holder : undefined, instances)).disk
    },
    close: () => first.disk.close(),
  }
}

interface OpenDisk {
  readonly disk: Disk
  readonly holder: Holder
}

async function openDisk(
  options: OverlayOptions,
  base: Holder | undefined,
  instances: readonly number[],
): Promise<OpenDisk> {
  const scratch = await mkdtemp(join(options.folder, 'disk-'))
  // The old root hangs here for a moment; it has to be a folder that the overlay shows.
  const oldRoot = join(options.folder, 'old-root')
  await mkdir(oldRoot, { recursive: true })
  const mountInfo = readFileSync(`/proc/${base?.pid ?? 'self'}/mountinfo`, 'utf8')
  const planned = planMounts(parseMountInfo(mountInfo), [options.sharedFolder]).filter(({ path }) =>
    exists(path),
  )
  const script = mountScript(planned, {
    scratch,
    oldRoot,
    cwd: options.cwd,
    hostnames: instances.map(hostnameOf),
  })
  const nested =
    base === undefined ? [] : ['nsenter', '--target', String(base.pid), '--mount', ...sameUser, '--']
  const unshare = ['unshare', '--mount', '--uts', ...(base === undefined ? newUser : []), '--']
  const holder = await hold([...nested, ...unshare], script)
  const layers = planned
    .filter(({ how }) => how === 'overlay')
    .map(({ path }, index): Layer => ({
      path,
      // Of the folder that the holder keeps open: its mounts cannot be seen from here.
      upper: `/proc/${holder.pid}/fd/5/upper-${index}`,
      lower: `/proc/${base?.pid ?? 'self'}/root${path}`,
    }))
  return { disk: asDisk(options, holder, layers), holder }
}

interface ScriptFacts {
  readonly scratch: string
  readonly oldRoot: string
  readonly cwd: string
  readonly hostnames: readonly string[]
}

/** Says `shared PATH` for a mount below `/` that cannot be overlaid and stays as it is. */
function mountScript(
  planned: readonly PlannedMount[],
  { scratch, oldRoot, cwd, hostnames }: ScriptFacts,
): string {
  const root = `${scratch}/root`
  const overlays = planned.filter(({ how }) => how === 'overlay')
  const lines = [
    `mount -t tmpfs -o mode=755 drover ${quote(scratch)}`,
    `exec 5<${quote(scratch)}`,
    `mkdir ${quote(root)}`,
  ]
  for (const mount of planned) {
    const target = quote(join(root, mount.path))
    const bind = `mount --rbind ${quote(mount.path)} ${target}`
    if (mount.how === 'bind') {
      lines.push(bind)
      continue
    }
    const index = overlays.indexOf(mount)
    const upper = `${scratch}/upper-${index}`
    const work = `${scratch}/work-${index}`
    const { mode, uid, gid } = statSync(mount.path)
    lines.push(
      `mkdir ${quote(upper)} ${quote(work)}`,
      // The overlay's root takes its owner and rights from here.
      `chown ${uid}:${gid} ${quote(upper)} 2>/dev/null || :`,
      `chmod ${(mode & 0o7777).toString(8)} ${quote(upper)}`,
    )
    const details = `lowerdir=${escapeOption(mount.path)},upperdir=${escapeOption(upper)},workdir=${escapeOption(work)}${isRoot ? '' : ',userxattr'}`
    const overlay = `mount -t overlay -o ${quote(details)} drover ${target}`
    lines.push(
      mount.path === '/'
        ? overlay
        : `${overlay} 2>/dev/null || { ${bind}; echo ${quote(`shared ${mount.path}`)}; }`,
    )
  }
  const hosts = hostnames.map((name) => `127.0.0.1 ${name}\\n`).join('')
  if (hosts !== '') lines.push(`printf '\\n${hosts}' >>${quote(join(root, '/etc/hosts'))} || :`)
  lines.push(
    `cd ${quote(root)}`,
    `pivot_root . ${quote(`.${oldRoot}`)}`,
    `umount -l ${quote(oldRoot)}`,
    `cd ${quote(cwd)}`,
  )
  return lines.join('\n')
}

function escapeOption(path: string): string {
  return path.replaceAll(/[\\:,]/g, String.raw`\$&`)
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

/** The hostname, and the network's loopback where it is its own. */
function holdPlace(disk: Holder, instance: number, network: 'shared' | 'own', cwd: string): Promise<Holder> {
  const script = [
    `hostname ${quote(hostnameOf(instance))} 2>/dev/null || echo ${quote(hostnameOf(instance))} >/proc/sys/kernel/hostname`,
    ...(network === 'own' ? ['ip link set lo up'] : []),
    `cd ${quote(cwd)}`,
  ].join('\n')
  const enter = ['nsenter', '--target', String(disk.pid), '--mount', ...sameUser, '--']
  return hold([...enter, 'unshare', '--uts', ...(network === 'own' ? ['--net'] : []), '--'], script)
}

function asPlace({ pid }: Holder, instance: number, network: 'shared' | 'own', cwd: string): Place {
  const target = ['nsenter', '--target', String(pid), ...sameUser]
  return {
    enter: [...target, '--mount', '--uts', ...(network === 'own' ? ['--net'] : []), '--wd', '--'],
    cwd,
    env: { HOSTNAME: hostnameOf(instance), PWD: cwd },
    enterNetwork: network === 'own' ? [...target, '--net', '--'] : undefined,
    translate: (text) => text,
  }
}

function sharedMounts({ said }: Holder): readonly string[] {
  return said
    .filter((line) => line.startsWith('shared '))
    .map((line) => `All instances shared ${line.slice('shared '.length)}, which cannot be overlaid.`)
}

const home = homedir()

/** Logs and caches of npm, and the hostnames that we put there. */
function isOurs(path: string): boolean {
  return path === '/etc/hosts' || path.startsWith(`${home}/.npm/`)
}

function relativeTo(cwd: string, file: WrittenFile): WrittenFile {
  return file.path.startsWith(`${cwd}/`) ? { ...file, path: file.path.slice(cwd.length + 1) } : file
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
