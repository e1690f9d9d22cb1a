// A body that is compared with its checksum while it is read.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { wrongChecksum } from './content.ts'

/**
 * The same bytes; fails at the end, before it is told, when their SHA-256 is another. Without one to compare with, `body`
 * itself.
 */
export function verified(body: Readable, sha256: string | undefined): Readable {
  return sha256 === undefined ? body : Readable.from(compared(body, sha256), { objectMode: false })
}

async function* compared(body: Readable, sha256: string): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256')
  for await (const chunk of body) {
    const bytes: Buffer = chunk
    hash.update(bytes)
    yield bytes
  }
  const got = hash.digest('hex')
  if (got !== sha256) throw wrongChecksum(sha256, got)
}
