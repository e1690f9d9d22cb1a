// The shell script that carries out a plan of mounts and makes them the root of whoever runs it.
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { quote } from './holder.ts'
import type { PlannedMount } from './mount-plan.ts'

export interface ScriptFacts {
  /** Empty folder: what is written goes here, into memory, and stays open as descriptor 5. */
  readonly scratch: string
  /** Folder where the old root hangs for a moment. */
  readonly oldRoot: string
  /** Where the script ends. */
  readonly cwd: string
  readonly hostnames: readonly string[]
  /** Whose extended attributes hold the overlay's notes. */
  readonly isRoot: boolean
}

/** Says `shared PATH` for a mount below `/` that cannot be overlaid and stays as it is. The upper folder of overlay n is `upper-n`. */
export function mountScript(planned: readonly PlannedMount[], facts: ScriptFacts): string {
  const { scratch, oldRoot, cwd } = facts
  const root = join(scratch, 'root')
  const overlays = planned.filter(({ how }) => how === 'overlay')
  const mounts = planned.flatMap((mount) => {
    if (mount.how === 'empty') return emptyRoot(root)
    return mount.how === 'bind'
      ? [bindAny(mount.path, root)]
      : overlay(mount.path, overlays.indexOf(mount), facts)
  })
  return [
    `mount -t tmpfs -o mode=755 drover ${quote(scratch)}`,
    `exec 5<${quote(scratch)}`,
    `mkdir ${quote(root)}`,
    ...mounts,
    ...nameHosts(facts),
    `cd ${quote(root)}`,
    `pivot_root . ${quote(`.${oldRoot}`)}`,
    `umount -l ${quote(oldRoot)}`,
    `cd ${quote(cwd)}`,
  ].join('\n')
}

/** A socket may be gone by now. */
function bindAny(path: string, root: string): string {
  return `${bind(path, root)} || [ ! -e ${quote(path)} ] || [ -S ${quote(path)} ]`
}

function bind(path: string, root: string): string {
  return `mount --rbind ${quote(path)} ${quote(join(root, path))}`
}

function overlay(path: string, index: number, { scratch, isRoot }: ScriptFacts): readonly string[] {
  const root = join(scratch, 'root')
  const upper = join(scratch, `upper-${index}`)
  const work = join(scratch, `work-${index}`)
  const { mode, uid, gid } = statSync(path)
  const layers = `lowerdir=${escapeOption(path)},upperdir=${escapeOption(upper)},workdir=${escapeOption(work)}`
  const options = isRoot ? layers : `${layers},userxattr`
  const mount = `mount -t overlay -o ${quote(options)} drover ${quote(join(root, path))}`
  return [
    `mkdir ${quote(upper)} ${quote(work)}`,
    // The overlay's root takes its owner and rights from here.
    `chown ${uid}:${gid} ${quote(upper)} 2>/dev/null || :`,
    `chmod ${(mode & 0o7777).toString(8)} ${quote(upper)}`,
    path === '/'
      ? mount
      : `${mount} 2>/dev/null || { ${bind(path, root)}; echo ${quote(`shared ${path}`)}; }`,
  ]
}

/** A root of its own: its links, and folders to mount on. */
function emptyRoot(root: string): readonly string[] {
  const entries = readdirSync('/', { withFileTypes: true })
  return [
    `mount --bind ${quote(root)} ${quote(root)}`,
    ...entries.filter((entry) => entry.isDirectory()).map(({ name }) => `mkdir ${quote(join(root, name))}`),
    ...entries
      .filter((entry) => entry.isSymbolicLink())
      .map(({ name }) => `ln -s ${quote(readlinkSync(join('/', name)))} ${quote(join(root, name))}`),
  ]
}

/** Apps look up their own hostname, or listen on it. */
function nameHosts({ scratch, hostnames }: ScriptFacts): readonly string[] {
  if (hostnames.length === 0) return []
  const file = quote(join(scratch, 'hosts'))
  const lines = hostnames.map((name) => `127.0.0.1 ${name}\\n`).join('')
  return [
    `{ cat /etc/hosts 2>/dev/null; printf '\\n${lines}'; } >${file}`,
    `mount --bind ${file} ${quote(join(scratch, 'root/etc/hosts'))} 2>/dev/null || :`,
  ]
}

function escapeOption(path: string): string {
  return path.replaceAll(/[\\:,]/g, String.raw`\$&`)
}
