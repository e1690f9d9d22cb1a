// What a client still sends of a body that was refused. Who closes the connection meanwhile takes the answer back: the
// client sees a broken connection instead of being told why (RFC 9112 section 9.6).
import { withDeadline } from '../base/deadline.ts'
import { stalled } from './content.ts'

/** Enough for a picture that is too large; whoever sends more, or slowly, is cut. */
const mostBytes = 16 * 1024 ** 2
const mostMs = 3_000

/** Reads on for a moment and drops what comes. Never rejects. */
export async function dropRest(body: AsyncIterator<Uint8Array>): Promise<void> {
  await withDeadline(readOn(body), mostMs, stalled).catch(() => undefined)
}

async function readOn(body: AsyncIterator<Uint8Array>): Promise<void> {
  for (let bytes = 0; bytes < mostBytes;) {
    const next = await body.next()
    if (next.done === true) return
    bytes += next.value.byteLength
  }
}
