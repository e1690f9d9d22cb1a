// URLs of files in a folder that carry their own permission: an HMAC-SHA-256 over all that they allow, by a key all
// instances share.
import { createHmac } from 'node:crypto'
import { isSameSecret } from '../../base/secret.ts'
import { DroverError } from '../../base/errors.ts'
import type { KeyRing } from '../../tokens/key-ring.ts'
import type { DownloadGrant, SignedUpload, UploadGrant } from '../backend.ts'

/** What a URL allows. */
export type Permission =
  | {
      readonly kind: 'download'
      readonly key: string
      readonly disposition: string
      readonly expires: number
    }
  | {
      readonly kind: 'upload'
      readonly key: string
      readonly contentType: string
      readonly size: number
      readonly expires: number
    }

export function signedDownloadUrl(base: string, ring: KeyRing, key: string, grant: DownloadGrant): string {
  const { disposition, expiresAtMs } = grant
  return urlOf(base, ring, { kind: 'download', key, disposition, expires: seconds(expiresAtMs) })
}

export function signedUpload(base: string, ring: KeyRing, key: string, grant: UploadGrant): SignedUpload {
  const { contentType, size, expiresAtMs } = grant
  const url = urlOf(base, ring, { kind: 'upload', key, contentType, size, expires: seconds(expiresAtMs) })
  return { url, method: 'PUT', headers: { 'content-type': contentType } }
}

/** What the path and the query of a URL allow. Throws FILE_URL_INVALID when it is not signed so, or has expired. */
export function readPermission(base: string, ring: KeyRing, url: URL, nowMs: number): Permission {
  const { searchParams: query } = url
  const permission = permissionOf(keyIn(base, url.pathname), query)
  const id = query.get('key') ?? ''
  const expected = permission === undefined ? undefined : signatureFor(ring, id, permission)
  if (
    permission === undefined ||
    expected === undefined ||
    !isSameSecret(query.get('signature') ?? '', expected)
  ) {
    throw new DroverError(
      'FILE_URL_INVALID',
      'Cannot follow the URL of a file: it is not signed by a key of this app',
    )
  }
  if (permission.expires * 1_000 > nowMs) return permission
  throw new DroverError('FILE_URL_INVALID', 'Cannot follow the URL of a file: it has expired')
}

/** Whether the path of a request is below that of signed URLs. */
export function isBelow(base: string, pathname: string): boolean {
  return pathname.startsWith(`${pathOf(base)}/`)
}

function urlOf(base: string, ring: KeyRing, permission: Permission): string {
  const path = permission.key.split('/').map(encodeURIComponent).join('/')
  const { key: _key, kind: _kind, ...rest } = permission
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(rest)) query.set(name, String(value))
  query.set('key', ring.currentId)
  query.set('signature', sign(ring, ring.currentId, permission))
  return `${base}/${path}?${query.toString()}`
}

function permissionOf(key: string | undefined, query: URLSearchParams): Permission | undefined {
  const expires = Number(query.get('expires'))
  const [disposition, contentType, size] = ['disposition', 'contentType', 'size'].map((name) =>
    query.get(name),
  )
  if (key === undefined || !Number.isSafeInteger(expires)) return undefined
  if (typeof disposition === 'string') return { kind: 'download', key, disposition, expires }
  if (typeof contentType !== 'string' || typeof size !== 'string') return undefined
  return { kind: 'upload', key, contentType, size: Number(size), expires }
}

function keyIn(base: string, pathname: string): string | undefined {
  try {
    return pathname
      .slice(pathOf(base).length + 1)
      .split('/')
      .map(decodeURIComponent)
      .join('/')
  } catch {
    return undefined
  }
}

/** publicUrl may have a host. */
function pathOf(base: string): string {
  return base.replace(/^https?:\/\/[^/]+/, '')
}

/** Undefined for a key that this instance does not have: whoever made one up is told the same. */
function signatureFor(ring: KeyRing, id: string, permission: Permission): string | undefined {
  try {
    return sign(ring, id, permission)
  } catch (error) {
    if (error instanceof DroverError && error.code === 'KEY_UNKNOWN') return undefined
    throw error
  }
}

function sign(ring: KeyRing, id: string, permission: Permission): string {
  // JSON keeps the parts apart, whatever is in them.
  const text = JSON.stringify(
    Object.entries(permission).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  )
  return createHmac('sha256', ring.derive(id, 'signed URLs of files')).update(text).digest('base64url')
}

function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1_000)
}
