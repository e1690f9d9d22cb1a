// drover/files: files that all instances share, in a folder, in S3 or what speaks its protocol, or in Google Cloud Storage.
import { readFilesAddress } from './address.ts'
import { Files } from './files.ts'
import { FolderBackend } from './folder/backend.ts'
import { readFilesOptions } from './options.ts'
import type { FilesOptions } from './options.ts'
import { BucketBackend } from './s3/backend.ts'

export type { Clock } from '../base/clock.ts'
export type { Duration } from '../base/durations.ts'
export { DroverError, isDroverError } from '../base/errors.ts'
export type { KeyRing, KeySource } from '../tokens/key-ring.ts'
export type { ByteRange, FilePage, ListedFile, ReadFile, SignedUpload, StoredFile } from './backend.ts'
export type { FileBody } from './content.ts'
export type {
  Files,
  DownloadOptions,
  GetOptions,
  ListOptions,
  PutOptions,
  SignUploadOptions,
} from './files.ts'
export type { FileCredentials, FilesOptions } from './options.ts'

/**
 * Files at an address, the same for every instance:
 *
 * - `file:FOLDER`: a folder that all instances of one machine share; made when it is not there.
 * - `s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME]`: Amazon S3, or any server that speaks its protocol.
 * - `gs://BUCKET[/PREFIX]`: Google Cloud Storage, by its XML API, which speaks S3's protocol with HMAC keys.
 *
 * Returns at once and connects on first use. Throws OPTION_INVALID for another address or option. The first use of a
 * bucket rejects with PEER_MISSING unless `@aws-sdk/client-s3`, `@aws-sdk/s3-request-presigner`,
 * `@flystorage/file-storage` and `@flystorage/aws-s3` are installed.
 */
export function files(url: string, options: FilesOptions = {}): Files {
  const settings = readFilesOptions(options)
  const address = readFilesAddress(url)
  const backend =
    address.kind === 'folder'
      ? new FolderBackend(address.folder, settings)
      : new BucketBackend(address, settings)
  return new Files(backend, settings)
}
