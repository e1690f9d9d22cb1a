// What sessions in cookies cannot do, refused where it is asked for.
import { DroverError } from '../base/errors.ts'

/** SESSION_MODE_UNSUPPORTED: "Cannot <doing> in mode "token": <why>". */
export function unsupported(doing: string, why: string): DroverError {
  return new DroverError('SESSION_MODE_UNSUPPORTED', `Cannot ${doing} in mode "token": ${why}`)
}
