// Whether a server keeps the promise of `If-None-Match: *`. Some refuse it, which is honest; some do not know it and
// overwrite. So it is asked once, with a file of its own that is there for a moment, before anything depends on it.
import { randomUUID } from 'node:crypto'
import { DroverError } from '../../base/errors.ts'
import type { Bucket } from './client.ts'
import { statusOf } from './failure.ts'

/**
 * How many bytes a file may have for the server to keep it: any number, or one part's, where uploads in parts overwrite.
 * Rejects with FILE_CONDITION_UNSUPPORTED when the server does not keep it at all.
 */
export async function mostConditionalBytes(
  bucket: Bucket,
  names: { Bucket: string; prefix: string },
): Promise<number> {
  const place = { Bucket: names.Bucket, Key: `${names.prefix}.drover-probe-${randomUUID()}` }
  const { client, sdk } = bucket
  await client.send(new sdk.PutObjectCommand({ ...place, Body: 'probe' }))
  try {
    if (!(await refusesWhole(bucket, place))) throw unsupported()
    return (await refusesParts(bucket, place)) ? Infinity : bucket.partBytes
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

/** For files of more than `mostBytes`; for all of them by default. */
export function unsupported(mostBytes = 0): DroverError {
  const which = mostBytes === 0 ? '' : ` of more than ${mostBytes} bytes`
  return new DroverError(
    'FILE_CONDITION_UNSUPPORTED',
    `Cannot put a file${which} only where there is none: this server does not decide that in one step`,
  )
}
