// Which TCP ports a process group listens on.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import { hasProc, listGroup } from '../../supervisor/process-table.ts'

export interface ListeningPort {
  readonly port: number
  /** As one connects to it: 127.0.0.1 for 0.0.0.0 and `::`. */
  readonly host: string
}

const run = promisify(execFile)

/** Of every process in the group; of Linux and, through lsof, of macOS. One port is told once. */
export async function listListening(groupId: number): Promise<readonly ListeningPort[]> {
  if (!hasProc) return listWithLsof(groupId)
  const pids = (await listGroup(groupId)).filter(({ isZombie }) => !isZombie).map(({ pid }) => pid)
  const sockets = new Set(pids.flatMap(socketInodes))
  // All of them are in one network.
  const table = pids.map(readTables).find((text) => text !== '') ?? ''
  return unique(parseTcpTable(table).filter(({ inode }) => sockets.has(inode)))
}

/** What anybody on this machine listens on. Empty where /proc is missing. */
export function listAllListening(): readonly ListeningPort[] {
  return hasProc ? unique(parseTcpTable(readTables('self'))) : []
}

export interface ListeningSocket extends ListeningPort {
  readonly inode: string
}

/** Parses /proc/net/tcp and tcp6: state 0A is LISTEN, addresses are words in the machine's byte order (little-endian). */
export function parseTcpTable(text: string): readonly ListeningSocket[] {
  return text.split('\n').flatMap((line): readonly ListeningSocket[] => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address, port] = local.split(':')
    if (state !== '0A' || address === undefined || port === undefined) return []
    return [{ port: Number.parseInt(port, 16), host: parseAddress(address), inode }]
  })
}

function parseAddress(hex: string): string {
  if (/^0+$/.test(hex)) return '127.0.0.1'
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).toReversed())
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  const isMapped = /^0{20}ffff$/i.test(bytes.slice(0, 12).join(''))
  if (isMapped)
    return bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.')
  const groups = (bytes.join('').match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16))
  return groups.join(':') === '0:0:0:0:0:0:0:1' ? '::1' : groups.join(':')
}

function unique(ports: readonly ListeningPort[]): readonly ListeningPort[] {
  const byPort = new Map<number, ListeningPort>()
  for (const { port, host } of ports) {
    // Of both families, the older one.
    if (byPort.get(port)?.host.includes(':') !== false) byPort.set(port, { port, host })
  }
  return [...byPort.values()]
}

function readTables(pid: number | 'self'): string {
  return [`/proc/${pid}/net/tcp`, `/proc/${pid}/net/tcp6`].map(readIfPresent).join('')
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process is gone, or there is no IPv6.
    return ''
  }
}

function socketInodes(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => inodeOf(`/proc/${pid}/fd/${fd}`))
  } catch {
    // Gone meanwhile.
    return []
  }
}

function inodeOf(path: string): readonly string[] {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1]
    return inode === undefined ? [] : [inode]
  } catch {
    // Closed meanwhile.
    return []
  }
}

async function listWithLsof(groupId: number): Promise<readonly ListeningPort[]> {
  const args = ['-nP', '-a', '-g', String(groupId), '-iTCP', '-sTCP:LISTEN', '-Fn']
  // It exits with 1 when nothing listens.
  const { stdout } = await run('lsof', args).catch(() => ({ stdout: '' }))
  return unique(parseLsof(stdout))
}

/** Lines such as `n*:3000`, `n127.0.0.1:3000` and `n[::1]:3000`. */
export function parseLsof(output: string): readonly ListeningPort[] {
  return output.split('\n').flatMap((line): readonly ListeningPort[] => {
    const match = /^n(.*):(\d+)$/.exec(line)
    if (match === null) return []
    const address = match[1]?.replaceAll(/[[\]]/g, '') ?? ''
    return [
      { port: Number(match[2]), host: ['*', '', '::', '0.0.0.0'].includes(address) ? '127.0.0.1' : address },
    ]
  })
}
