// Answers the signed URLs of a folder, as S3 answers those of a bucket: downloads in whole or in part, and uploads.
import type { Readable } from 'node:stream'
import { DroverError } from '../../base/errors.ts'
import type { StoredFile } from '../backend.ts'
import type { FileBody } from '../content.ts'
import { incomplete } from '../content.ts'
import type { Files } from '../files.ts'
import { FolderBackend } from '../folder/backend.ts'
import { requestedRange } from '../range.ts'
import { isBelow, readPermission } from './url.ts'
import type { Permission } from './url.ts'

/** A request, whatever framework it came by. */
export interface FileRequest {
  readonly method: string
  /** Path and query, or a whole URL. */
  readonly url: string
  readonly header: (name: string) => string | undefined
  readonly body: () => FileBody
}

export interface FileAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for none. */
  readonly body: Readable | undefined
}

/**
 * The answer to a request below `publicUrl`; undefined for any other, and where files rest in a bucket, which answers by
 * itself. Rejects with FILE_URL_INVALID for a URL that is not signed or has expired, and with what a put or a get rejects
 * with.
 */
export async function answerFileRequest(files: Files, request: FileRequest): Promise<FileAnswer | undefined> {
  const { backend, settings } = files
  const { publicUrl, clock } = settings
  const url = URL.parse(request.url, 'http://localhost')
  if (url === null || !isBelow(publicUrl, url.pathname) || !(backend instanceof FolderBackend))
    return undefined
  const permission = readPermission(publicUrl, await backend.keyRing(), url, clock.now())
  if (permission.kind === 'upload') {
    return request.method === 'PUT' ? upload(files, permission, request) : wrongMethod('PUT')
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod('GET, HEAD')
  return download(files, { permission, request, secondsLeft: permission.expires - clock.now() / 1_000 })
}

async function upload(
  files: Files,
  { key, contentType, size }: Extract<Permission, { kind: 'upload' }>,
  { header, body }: FileRequest,
): Promise<FileAnswer> {
  if (header('content-type') !== contentType) {
    throw new DroverError('FILE_TYPE_REFUSED', `Cannot take the file: its URL was signed for ${contentType}`)
  }
  const length = header('content-length')
  if (length !== undefined && Number(length) < size) throw incomplete(`its URL was signed for ${size} bytes`)
  await files.put(key, body(), { contentType, size, maxBytes: size })
  return { status: 200, headers: { 'content-length': '0', 'cache-control': 'no-store' }, body: undefined }
}

interface Download {
  readonly permission: Extract<Permission, { kind: 'download' }>
  readonly request: FileRequest
  readonly secondsLeft: number
}

async function download(files: Files, { permission, request, secondsLeft }: Download): Promise<FileAnswer> {
  const { key, disposition } = permission
  const file = await files.stat(key)
  if (file === undefined)
    throw new DroverError('FILE_ABSENT', `Cannot give ${JSON.stringify(key)}: there is no such file`)
  const headers = headersOf(file, disposition, secondsLeft)
  if (isKnown(request, file)) return { status: 304, headers, body: undefined }
  const range = isWhole(request, file) ? undefined : requestedRange(request.header('range'), file.size)
  const found =
    request.method === 'HEAD'
      ? { file, body: undefined }
      : await files.get(key, range === undefined ? {} : { range })
  // Deleted, or replaced by one whose head would be another, since it was looked at.
  if (found === undefined || etagOf(found.file) !== etagOf(file)) {
    found?.body?.destroy()
    return download(files, { permission, request, secondsLeft })
  }
  if (range === undefined)
    return { status: 200, headers: { ...headers, 'content-length': String(file.size) }, body: found.body }
  const last = Math.min(range.end ?? file.size, file.size - 1)
  return {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${range.start}-${last}/${file.size}`,
      'content-length': String(last - range.start + 1),
    },
    body: found.body,
  }
}

function headersOf(file: StoredFile, disposition: string, secondsLeft: number): Record<string, string> {
  return {
    'content-type': file.contentType,
    'content-disposition': disposition,
    // What was declared is what it is, whatever it looks like; and should it be a page after all, it can do nothing.
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': `private, max-age=${Math.max(0, Math.floor(secondsLeft))}`,
    'accept-ranges': 'bytes',
    etag: etagOf(file),
    'last-modified': new Date(file.modifiedAtMs).toUTCString(),
  }
}

function etagOf({ sha256 = '' }: StoredFile): string {
  return `"${sha256}"`
}

function isKnown({ header }: FileRequest, file: StoredFile): boolean {
  const known = header('if-none-match')
    ?.split(',')
    .map((one) => one.trim().replace(/^W\//, ''))
  return known !== undefined && (known.includes('*') || known.includes(etagOf(file)))
}

/** RFC 9110 section 13.1.5: a range only of what the client has seen before. HEAD has no ranges (section 14.2). */
function isWhole({ method, header }: FileRequest, file: StoredFile): boolean {
  const seen = header('if-range')
  return method !== 'GET' || (seen !== undefined && seen !== etagOf(file))
}

function wrongMethod(allow: string): FileAnswer {
  return { status: 405, headers: { allow, 'content-length': '0' }, body: undefined }
}
