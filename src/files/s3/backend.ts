// Files in a bucket: S3, what speaks its protocol, and Google Cloud Storage by its XML API.
import { Readable } from 'node:stream'
import type {
  ByteRange,
  DownloadGrant,
  FileBackend,
  FilePage,
  FileQuery,
  FileWrite,
  ReadFile,
  SignedUpload,
  StoredFile,
  UploadGrant,
} from '../backend.ts'
import type { BucketAddress } from '../address.ts'
import type { Content } from '../content.ts'
import type { FilesSettings } from '../options.ts'
import { readKey, readPrefix } from '../key.ts'
import { rangeBeyond } from '../range.ts'
import { taken } from '../taken.ts'
import { openBucket } from './client.ts'
import type { Bucket } from './client.ts'
import { mostConditionalBytes, unsupported } from './condition.ts'
import { isRepeated, outage, ownError, statusOf } from './failure.ts'
import { sweepUploads } from './uploads.ts'

interface ObjectHead {
  readonly ContentType?: string | undefined
  readonly LastModified?: Date | undefined
  readonly Metadata?: Record<string, string> | undefined
}

const defaultAbandonedAfterMs = 24 * 3_600_000

export class BucketBackend implements FileBackend {
  readonly #address: BucketAddress
  /** Begins every key of the bucket that is ours. */
  readonly #before: string
  readonly #settings: FilesSettings
  #bucket: Promise<Bucket> | undefined
  #conditional: Promise<number> | undefined
  #isThere = false

  /** Loads the SDK and connects on first use. */
  constructor(address: BucketAddress, settings: FilesSettings) {
    this.#address = address
    this.#before = address.prefix === '' ? '' : `${address.prefix}/`
    this.#settings = settings
  }

  async write(key: string, content: Content, write: FileWrite): Promise<void> {
    try {
      const { storage } = await this.#open()
      const mostBytes = write.ifAbsent ? await this.#mostConditionalBytes() : Infinity
      const metadata: Record<string, string> = write.sha256 === undefined ? {} : { sha256: write.sha256 }
      await storage.write(this.#fitting(key), Readable.from(noting(content, metadata, mostBytes)), {
        mimeType: write.contentType,
        Metadata: metadata,
        ...(write.ifAbsent ? { IfNoneMatch: '*' } : {}),
      })
    } catch (error) {
      if (ownError(error) === undefined && write.ifAbsent) {
        // After a lost answer nobody knows who was first: that is an outage, whose outcome is unknown.
        if (statusOf(error) === 412 && !isRepeated(error)) throw taken(key)
        if (statusOf(error) === 501) throw unsupported()
      }
      throw outage(error)
    }
  }

  async read(key: string, range: ByteRange | undefined): Promise<ReadFile | undefined> {
    const Range = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end ?? ''}` }
    try {
      const { client, sdk } = await this.#open()
      const found = await client.send(new sdk.GetObjectCommand({ ...this.#place(key), ...Range }))
      const { Body, ContentLength = 0, ContentRange } = found
      if (!(Body instanceof Readable)) throw new Error('the server gave no body')
      const size = ContentRange === undefined ? ContentLength : Number(ContentRange.split('/')[1])
      return { file: storedFile(key, size, found), body: Body }
    } catch (error) {
      if (await this.#isAbsent(error)) return undefined
      if (range !== undefined && statusOf(error) === 416) throw rangeBeyond(key, range)
      throw outage(error)
    }
  }

  async stat(key: string): Promise<StoredFile | undefined> {
    try {
      const { client, sdk } = await this.#open()
      const found = await client.send(new sdk.HeadObjectCommand(this.#place(key)))
      return storedFile(key, found.ContentLength ?? 0, found)
    } catch (error) {
      if (await this.#isAbsent(error)) return undefined
      throw outage(error)
    }
  }

  async list({ prefix, after, limit }: FileQuery): Promise<FilePage> {
    try {
      const { client, sdk } = await this.#open()
      const before = this.#before
      const page = await client.send(
        new sdk.ListObjectsV2Command({
          Bucket: this.#address.bucket,
          Prefix: readPrefix(before + prefix),
          MaxKeys: limit,
          ...(after === undefined ? {} : { StartAfter: before + this.#fitting(after) }),
        }),
      )
      const files = (page.Contents ?? []).map(({ Key = '', Size = 0, LastModified }) => ({
        key: Key.slice(before.length),
        size: Size,
        modifiedAtMs: LastModified?.getTime() ?? 0,
      }))
      return { files, next: page.IsTruncated === true ? files.at(-1)?.key : undefined }
    } catch (error) {
      throw outage(error)
    }
  }

  async delete(key: string): Promise<void> {
    try {
      const { storage } = await this.#open()
      await storage.deleteFile(this.#fitting(key))
    } catch (error) {
      if (statusOf(error) !== 404) throw outage(error)
    }
  }

  async copy(from: string, to: string): Promise<boolean> {
    try {
      const { storage } = await this.#open()
      // Who may read the original is not asked: the bucket decides, not the object.
      const options = { useVisibility: false, retainVisibility: false }
      await storage.copyFile(this.#fitting(from), this.#fitting(to), options)
      return true
    } catch (error) {
      if (await this.#isAbsent(error)) return false
      throw outage(error)
    }
  }

  async signDownload(key: string, grant: DownloadGrant): Promise<string> {
    try {
      const { sdk, client, presigner } = await this.#open()
      const command = new sdk.GetObjectCommand({
        ...this.#place(key),
        ResponseContentType: grant.contentType,
        ResponseContentDisposition: grant.disposition,
      })
      return await presigner.getSignedUrl(client, command, this.#signing(grant.expiresAtMs))
    } catch (error) {
      throw outage(error)
    }
  }

  async signUpload(key: string, grant: UploadGrant): Promise<SignedUpload> {
    const { contentType, size } = grant
    try {
      const { sdk, client, presigner } = await this.#open()
      const command = new sdk.PutObjectCommand({
        ...this.#place(key),
        ContentType: contentType,
        ContentLength: size,
      })
      const url = await presigner.getSignedUrl(client, command, {
        ...this.#signing(grant.expiresAtMs),
        // Left to itself the SDK signs neither, and the holder of the URL could store a page of any length.
        signableHeaders: new Set(['host', 'content-type', 'content-length']),
      })
      return { url, method: 'PUT', headers: { 'content-type': contentType } }
    } catch (error) {
      throw outage(error)
    }
  }

  async sweep(): Promise<number> {
    try {
      const abandonedAfterMs = this.#settings.abandonedAfterMs ?? defaultAbandonedAfterMs
      const names = { Bucket: this.#address.bucket, Prefix: this.#before }
      return await sweepUploads(await this.#open(), names, Date.now() - abandonedAfterMs)
    } catch (error) {
      throw outage(error)
    }
  }

  async close(): Promise<void> {
    const bucket = await this.#bucket?.catch(() => undefined)
    bucket?.client.destroy()
  }

  #open(): Promise<Bucket> {
    return (this.#bucket ??= openBucket(this.#address, this.#settings))
  }

  /** An answer holds for as long as the server does; that there was none, only until the next question. */
  async #mostConditionalBytes(): Promise<number> {
    const bucket = await this.#open()
    const names = { Bucket: this.#address.bucket, prefix: this.#before }
    const asked = (this.#conditional ??= mostConditionalBytes(bucket, names))
    try {
      return await asked
    } catch (error) {
      if (ownError(error) === undefined && this.#conditional === asked) this.#conditional = undefined
      throw error
    }
  }

  /** Whether the file is not there. A bucket that is not there answers the same to some questions, and is an outage. */
  async #isAbsent(error: unknown): Promise<boolean> {
    if (statusOf(error) !== 404) return false
    if (this.#isThere) return true
    const { client, sdk } = await this.#open()
    try {
      await client.send(new sdk.HeadBucketCommand({ Bucket: this.#address.bucket }))
    } catch (failure) {
      // Who may not ask for the bucket may still read what is in it.
      if (statusOf(failure) !== 403) throw outage(failure)
    }
    this.#isThere = true
    return true
  }

  #signing(expiresAtMs: number): { readonly expiresIn: number; readonly signingDate: Date } {
    const nowMs = this.#settings.clock.now()
    return { expiresIn: Math.ceil((expiresAtMs - nowMs) / 1_000), signingDate: new Date(nowMs) }
  }

  #place(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#address.bucket, Key: this.#before + this.#fitting(key) }
  }

  /** The key, for the storage library, which knows the prefix. Throws FILE_KEY_INVALID when both are too long. */
  #fitting(key: string): string {
    readKey(this.#before + key)
    return key
  }
}

/**
 * The content, whose checksum is written into `metadata` at its end. A file of one part is sent only then, so it takes
 * that along; one of several parts has sent its metadata before. Fails with FILE_CONDITION_UNSUPPORTED beyond `mostBytes`.
 */
async function* noting(
  content: Content,
  metadata: Record<string, string>,
  mostBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of content) {
    if (content.size > mostBytes) throw unsupported(mostBytes)
    yield chunk
  }
  metadata['sha256'] = content.sha256
}

function storedFile(key: string, size: number, head: ObjectHead): StoredFile {
  return {
    key,
    size,
    contentType: head.ContentType ?? 'application/octet-stream',
    sha256: head.Metadata?.['sha256'],
    modifiedAtMs: head.LastModified?.getTime() ?? 0,
  }
}
