// The address of a place for files: file:FOLDER, s3://bucket/prefix?endpoint=…&region=…, gs://bucket/prefix.
import { DroverError } from '../base/errors.ts'
import { keyFault } from './key.ts'

export type FilesAddress = FolderAddress | BucketAddress

export interface FolderAddress {
  readonly kind: 'folder'
  readonly folder: string
}

export interface BucketAddress {
  readonly kind: 'bucket'
  readonly bucket: string
  /** Before every key, without a slash at its end; may be empty. */
  readonly prefix: string
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined
  readonly region: string
  /** Whether the bucket stands in the path and not in the host name. */
  readonly isPathStyle: boolean
}

/** Throws OPTION_INVALID for anything else, without showing what may be a secret. */
export function readFilesAddress(url: string): FilesAddress {
  if (/^file:./.test(url)) return { kind: 'folder', folder: folderOf(url) }
  if (/^(?:s3|gs):\/\/./.test(url)) return bucketOf(url)
  throw invalid('wanted "file:FOLDER", "s3://BUCKET/PREFIX?endpoint=…&region=…" or "gs://BUCKET/PREFIX"')
}

/** `file:uploads` and `file:/var/uploads`, as with `sqlite:`; `file:///var/uploads` too. */
function folderOf(url: string): string {
  const folder = url.slice('file:'.length).replace(/^\/\/(?=\/)/, '')
  if (folder.startsWith('//')) throw invalid('wanted "file:FOLDER", without a host')
  if (folder.includes('\0')) throw invalid('a folder has no NUL')
  return folder
}

function bucketOf(url: string): BucketAddress {
  const parsed = URL.parse(url)
  if (parsed === null) throw invalid('it is not a URL')
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalid('give the access key as the option credentials, or in the environment, not in the address')
  }
  const wrong = [...parsed.searchParams.keys()].find((name) => name !== 'endpoint' && name !== 'region')
  if (wrong !== undefined) throw invalid(`the parameter ${JSON.stringify(wrong)} is none of endpoint, region`)
  const bucket = parsed.hostname
  if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(bucket))
    throw invalid('wanted a bucket of 3 to 63 small letters and digits')
  const isGoogle = parsed.protocol === 'gs:'
  const endpoint =
    parsed.searchParams.get('endpoint') ?? (isGoogle ? 'https://storage.googleapis.com' : undefined)
  return {
    kind: 'bucket',
    bucket,
    prefix: prefixOf(parsed),
    endpoint: endpoint === undefined ? undefined : readEndpoint(endpoint),
    region: parsed.searchParams.get('region') ?? (isGoogle ? 'auto' : 'us-east-1'),
    isPathStyle: endpoint !== undefined,
  }
}

function prefixOf(parsed: URL): string {
  const prefix = decoded(parsed.pathname).replaceAll(/^\/|\/$/g, '')
  const fault = prefix === '' ? undefined : keyFault(prefix)
  if (fault !== undefined) throw invalid(`its prefix cannot be that of files: ${fault}`)
  return prefix
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch (error) {
    if (error instanceof URIError) throw invalid('its prefix has a % that begins no character')
    throw error
  }
}

function readEndpoint(endpoint: string): string {
  const parsed = URL.parse(endpoint)
  if (parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '') return parsed.href
  throw invalid('wanted an endpoint such as "https://s3.example.com"')
}

function invalid(why: string): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use the address of files: ${why}`)
}
