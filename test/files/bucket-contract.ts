// The contract of drover/files on a bucket of a real server of the S3 protocol.
import { after, describe, test } from 'node:test'
import { files } from '../../src/files/index.ts'
import { filesContract } from '../../src/testing/files-contract.ts'
import type { BucketServer } from '../support/s3-bucket.ts'

/** Runs it on a server that this starts and stops. */
export async function testBucket(start: () => Promise<BucketServer>): Promise<void> {
  const server = await start()
  after(() => server.stop())
  describe('a bucket', { concurrency: true }, () => {
    const { url, credentials, isConditional } = server
    const harness = {
      open: (options = {}) =>
        files(url.replace('?', '/some/prefix?'), { credentials, operationTimeout: '60s', ...options }),
      isConditional,
      reach: (signed: string) => signed,
    }
    for (const { name, run } of filesContract(harness)) test(name, run)
  })
}
