// Uploads in parts that nobody completed: invisible, but paid for.
import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3'
import type { Bucket } from './client.ts'

/** Aborts those that began before `beforeMs`; resolves to how many. */
export async function sweepUploads(
  { client, sdk }: Bucket,
  names: { readonly Bucket: string; readonly Prefix: string },
  beforeMs: number,
): Promise<number> {
  let removed = 0
  let marker: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await client.send(
      new sdk.ListMultipartUploadsCommand({ ...names, ...marker }),
    )
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Initiated === undefined || Initiated.getTime() >= beforeMs) continue
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: names.Bucket, Key, UploadId }))
      removed += 1
    }
    const { IsTruncated, NextKeyMarker: KeyMarker = '', NextUploadIdMarker: UploadIdMarker = '' } = page
    marker = IsTruncated === true ? { KeyMarker, UploadIdMarker } : undefined
  }
  return removed
}
