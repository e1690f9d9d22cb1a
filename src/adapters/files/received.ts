// What the upload middleware received, by the request it came with.
import { DroverError } from '../../base/errors.ts'
import type { Uploads } from '../../files/upload/form.ts'

const received = new WeakMap<object, Uploads>()

export function keepUploads(request: object, uploads: Uploads): void {
  received.set(request, uploads)
}

/** Throws UPLOAD_NOT_MOUNTED when no middleware received this request. */
export function receivedUploads(request: object, wanted: string): Uploads {
  const uploads = received.get(request)
  if (uploads !== undefined) return uploads
  throw new DroverError('UPLOAD_NOT_MOUNTED', `Cannot give the uploads of this request: wanted ${wanted}`)
}
