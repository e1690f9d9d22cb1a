// Which mounts give a process a private copy of everything on this machine's disks, while devices, processes and sockets in /run stay
// what they are. Pure.

export interface Mount {
  readonly path: string
  readonly type: string
  readonly isReadOnly: boolean
}

export interface PlannedMount {
  readonly path: string
  /** `overlay`: what is written there stays apart. `bind`: as it is. `empty`: a folder of links and mount points. */
  readonly how: 'overlay' | 'bind' | 'empty'
}

/** Never written to as files, or files of the kernel. */
const kept = ['/proc', '/sys', '/dev', '/run']
const storing =
  /^(?:ext[234]|xfs|btrfs|zfs|f2fs|overlay|tmpfs|ramfs|nfs4?|cifs|9p|virtiofs|vfat|exfat|fuse.*|bcachefs|erofs)$/

/** Parses /proc/PID/mountinfo (proc_pid_mountinfo(5)); of several mounts on one path the last one counts, which hides the others. */
export function parseMountInfo(text: string): readonly Mount[] {
  const mounts = new Map<string, Mount>()
  for (const line of text.split('\n')) {
    const [front, back] = line.split(' - ')
    const fields = front?.split(' ') ?? []
    const [path, options] = [fields[4], fields[5]]
    const type = back?.split(' ')[0]
    if (path === undefined || options === undefined || type === undefined) continue
    const isReadOnly = options.split(',').includes('ro')
    mounts.set(unescapeOctal(path), { path: unescapeOctal(path), type, isReadOnly })
  }
  return [...mounts.values()]
}

/**
 * Parents before what lies in them, `/` first. `shared` are folders and sockets that are to stay common, over whatever else holds them;
 * they come last.
 */
export function planMounts(mounts: readonly Mount[], shared: readonly string[]): readonly PlannedMount[] {
  const planned: PlannedMount[] = [{ path: '/', how: 'overlay' }, ...kept.map(asBind)]
  const byDepth = mounts
    .filter(({ path }) => path !== '/')
    .toSorted((one, other) => compare(one.path, other.path))
  for (const mount of byDepth) {
    // A recursive bind has brought it along.
    if (planned.some(({ path, how }) => how === 'bind' && isWithin(mount.path, path))) continue
    planned.push({ path: mount.path, how: isPrivate(mount) ? 'overlay' : 'bind' })
  }
  return [...planned, ...shared.map(asBind)]
}

/**
 * The same for who may not overlay a folder that holds mounts, as in a user namespace (mount_namespaces(7), "locked"): each of `tops`,
 * the folders in `/`, by itself; those that hold mounts only as they are, but for `cwd`. Empty where `cwd` itself holds some.
 */
export function planMountsInParts(
  mounts: readonly Mount[],
  tops: readonly string[],
  cwd: string,
  shared: readonly string[],
): readonly PlannedMount[] {
  const holdsMounts = (folder: string) => mounts.some(({ path }) => path !== folder && isWithin(path, folder))
  if (holdsMounts(cwd)) return []
  const planned: PlannedMount[] = [{ path: '/', how: 'empty' }]
  for (const path of tops) {
    const isBound = kept.includes(path) || holdsMounts(path)
    planned.push({ path, how: isBound ? 'bind' : 'overlay' })
    // By itself in any case: folders above it that belong to others could not be copied up.
    if (isWithin(cwd, path) && cwd !== path) planned.push({ path: cwd, how: 'overlay' })
  }
  return [...planned, ...shared.map(asBind)]
}

/** Parses /proc/net/unix (proc_pid_net(5)): paths of sockets that somebody listens on, which flag 0x10000 tells. */
export function parseListeningSockets(text: string): readonly string[] {
  const paths = text.split('\n').flatMap((line) => {
    const [, , , flags = '', , , , path = ''] = line.split(/\s+/)
    const isListening = (Number.parseInt(flags, 16) & 0x10000) !== 0
    return isListening && path.startsWith('/') && !kept.some((folder) => isWithin(path, folder)) ? [path] : []
  })
  return [...new Set(paths)]
}

function isPrivate(mount: Mount): boolean {
  return !mount.isReadOnly && storing.test(mount.type)
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

function asBind(path: string): PlannedMount {
  return { path, how: 'bind' }
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

/** Blanks and the like stand as `\040`. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
