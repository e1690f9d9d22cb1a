// The AWS SDK and the storage library over it: optional peers, loaded when a bucket is first used.
import type { S3Client } from '@aws-sdk/client-s3'
import type { AwsS3StorageAdapter } from '@flystorage/aws-s3'
import type { FileStorage } from '@flystorage/file-storage'
import { refusePeer } from '../../base/peer.ts'
import type { BucketAddress } from '../address.ts'
import type { FilesSettings } from '../options.ts'

type Sdk = typeof import('@aws-sdk/client-s3')
type Presigner = typeof import('@aws-sdk/s3-request-presigner')

/** Everything that speaks to one bucket. */
export interface Bucket {
  readonly sdk: Sdk
  readonly presigner: Presigner
  readonly client: S3Client
  /** Uploads of unknown length in parts, copies and deletions. */
  readonly storage: FileStorage
  /** A file of more than so many bytes is uploaded in parts, which have so many each. */
  readonly partBytes: number
}

const peers = [
  '@aws-sdk/client-s3',
  '@aws-sdk/s3-request-presigner',
  '@flystorage/file-storage',
  '@flystorage/aws-s3',
]
/** S3 has at most 10,000 parts, each of 5 MB or more. */
const mostParts = 10_000
const leastPartBytes = 5 * 1024 ** 2
/** Parts of one file that are sent at once: as many are in memory. */
const partsAtOnce = 2
const connectTimeoutMs = 2_000

/** Rejects with PEER_MISSING when one of the packages is not installed. Sends nothing yet. */
export async function openBucket(address: BucketAddress, settings: FilesSettings): Promise<Bucket> {
  const sdk = await peer('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'))
  const presigner = await peer('@aws-sdk/s3-request-presigner', () => import('@aws-sdk/s3-request-presigner'))
  const flystorage = await peer('@flystorage/file-storage', () => import('@flystorage/file-storage'))
  const { AwsS3StorageAdapter } = await peer('@flystorage/aws-s3', () => import('@flystorage/aws-s3'))
  const client = openClient(sdk, address, settings)
  const partBytes = partBytesFor(settings.maxBytes)
  const adapter: AwsS3StorageAdapter = new AwsS3StorageAdapter(client, {
    bucket: address.bucket,
    prefix: address.prefix,
    uploadConfiguration: { partSize: partBytes, queueSize: partsAtOnce },
  })
  return { sdk, presigner, client, storage: new flystorage.FileStorage(adapter), partBytes }
}

async function peer<Package>(name: string, load: () => Promise<Package>): Promise<Package> {
  try {
    return await load()
  } catch (error) {
    return refusePeer(error, 'Cannot use files in S3', name, peers)
  }
}

function openClient(sdk: Sdk, address: BucketAddress, settings: FilesSettings): S3Client {
  const { endpoint, region, isPathStyle } = address
  return new sdk.S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: isPathStyle,
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    // The checksums that newer SDKs add by themselves are unknown to Google and to older servers, which refuse or store
    // them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: settings.operationTimeoutMs,
      throwOnRequestTimeout: true,
    },
  })
}

function partBytesFor(maxBytes: number): number {
  return Math.max(leastPartBytes, Math.ceil(maxBytes / mostParts))
}
