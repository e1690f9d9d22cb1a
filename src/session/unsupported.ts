// What sessions of one mode cannot do, refused where it is asked for.
import { DroverError } from '../base/errors.ts'

/** SESSION_MODE_UNSUPPORTED: "Cannot <doing> in mode "token": <why>". */
export function unsupported(doing: string, why: string, mode: 'store' | 'token' = 'token'): DroverError {
  return new DroverError('SESSION_MODE_UNSUPPORTED', `Cannot ${doing} in mode "${mode}": ${why}`)
}
