// A server of the S3 protocol that a test started, with an empty bucket.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

export interface S3Bucket {
  /** s3://BUCKET?endpoint=… */
  readonly url: string
  readonly endpoint: string
  readonly bucket: string
  readonly credentials: S3Credentials
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface BucketServer extends S3Bucket {
  /** Whether it decides `If-None-Match: *`. */
  readonly isConditional: boolean
  /** Ends it by force and removes its folder. Idempotent. */
  readonly stop: () => Promise<void>
}

/** Whether a GET is answered with success. */
export function isOk(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

export async function makeBucket(endpoint: string, credentials: S3Credentials): Promise<S3Bucket> {
  const bucket = 'drover'
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } finally {
    client.destroy()
  }
  return { url: `s3://${bucket}?endpoint=${endpoint}`, endpoint, bucket, credentials }
}
