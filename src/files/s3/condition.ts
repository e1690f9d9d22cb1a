// Whether a server keeps the promise of `If-None-Match: *`. Some refuse it, which is honest; some do not know it and
// overwrite. So it is asked once, with a file of its own that is there for a moment, before anything depends on it.
import { randomUUID } from 'node:crypto'
import { DroverError } from '../../base/errors.ts'
import type { Bucket } from './client.ts'
import { statusOf } from './failure.ts'

/**
 * Resolves when it does; rejects with FILE_CONDITION_UNSUPPORTED when it does not, for a whole file as well as for one of
 * parts.
 */
export async function assertConditional(
  bucket: Bucket,
  names: { Bucket: string; prefix: string },
): Promise<void> {
  const place = { Bucket: names.Bucket, Key: `${names.prefix}.drover-probe-${randomUUID()}` }
  const { client, sdk } = bucket
  await client.send(new sdk.PutObjectCommand({ ...place, Body: 'probe' }))
  try {
    const isKept = (await refusesWhole(bucket, place)) && (await refusesParts(bucket, place))
    if (!isKept) throw unsupported()
  } finally {
    await client.send(new sdk.DeleteObjectCommand(place))
  }
}

interface ObjectPlace {
  readonly Bucket: string
  readonly Key: string
}

async function refusesWhole({ client, sdk }: Bucket, place: ObjectPlace): Promise<boolean> {
  return isRefused(client.send(new sdk.PutObjectCommand({ ...place, Body: 'probe', IfNoneMatch: '*' })))
}

async function refusesParts({ client, sdk }: Bucket, place: ObjectPlace): Promise<boolean> {
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(place))
  const part = { ...place, UploadId, PartNumber: 1 }
  const { ETag } = await client.send(new sdk.UploadPartCommand({ ...part, Body: 'probe' }))
  const Parts = [{ PartNumber: 1, ETag }]
  const complete = { ...place, UploadId, MultipartUpload: { Parts }, IfNoneMatch: '*' }
  const isKept = await isRefused(client.send(new sdk.CompleteMultipartUploadCommand(complete)))
  await client.send(new sdk.AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => undefined)
  return isKept
}

/** 412 keeps the promise; success or 501 does not; anything else says nothing of it. */
async function isRefused(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return false
  } catch (error) {
    const status = statusOf(error)
    if (status === 412) return true
    if (status === 501 || status === 400) return false
    throw error
  }
}

export function unsupported(): DroverError {
  return new DroverError(
    'FILE_CONDITION_UNSUPPORTED',
    'Cannot put a file only where there is none: this server does not decide that in one step',
  )
}
