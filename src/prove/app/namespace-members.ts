// Ends what is still in a namespace that is about to go: a daemon that left its group would keep the mounts for ever.
import { readlinkSync } from 'node:fs'
import { listProcPids } from '../../supervisor/process-table.ts'
import type { Holder } from './holder.ts'

/** SIGKILL to every process in the namespace of the first holder but the holders themselves. */
export async function endNamespaceMembers(kind: 'mnt', holders: readonly Holder[]): Promise<void> {
  const [first] = holders
  const wanted = first === undefined ? undefined : namespaceOf(first.pid, kind)
  // Never this process itself, were a holder gone already and its number used again.
  if (wanted === undefined || wanted === namespaceOf(process.pid, kind)) return
  const spared = new Set([process.pid, ...holders.map(({ pid }) => pid)])
  for (const pid of listProcPids()) {
    if (spared.has(pid) || namespaceOf(pid, kind) !== wanted) continue
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone by itself meanwhile.
    }
  }
}

function namespaceOf(pid: number, kind: 'mnt'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    // Gone, or not ours to look at.
    return undefined
  }
}
