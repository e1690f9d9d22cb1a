// Memory that is held to press on others: really used, not only asked for.
import { freemem } from 'node:os'
import { invalidOption } from '../../base/errors.ts'
import { availableMemoryBytes } from '../../runtime/available-memory.ts'

const chunkBytes = 16 * 1024 ** 2
const pageBytes = 4_096
/** So often each page is written to, so that the system does not put it aside. */
const touchEveryMs = 500

/** Throws OPTION_INVALID for more than half of what is available: beyond that the system kills whom it likes. */
export function checkMemory(
  bytes: number,
  availableBytes: number = availableMemoryBytes() ?? freemem(),
): void {
  if (bytes <= availableBytes / 2) return
  const halfMb = Math.floor(availableBytes / 2 / 1024 ** 2)
  throw invalidOption(
    '--memory',
    `${Math.ceil(bytes / 1024 ** 2)}mb`,
    `at most half of what is free, ${halfMb}mb`,
  )
}

export class MemoryBallast {
  #chunks: Buffer[] = []
  #timer: NodeJS.Timeout | undefined

  /** Takes it piece by piece, so that the event loop goes on turning. */
  async hold(bytes: number, over: AbortSignal): Promise<void> {
    for (let held = 0; held < bytes && !over.aborted; held += chunkBytes) {
      this.#chunks.push(Buffer.alloc(Math.min(chunkBytes, bytes - held), 1))
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#timer = setInterval(() => {
      this.#touch()
    }, touchEveryMs)
  }

  release(): void {
    clearInterval(this.#timer)
    this.#chunks = []
  }

  #touch(): void {
    for (const chunk of this.#chunks) for (let at = 0; at < chunk.length; at += pageBytes) chunk[at] = 1
  }
}
