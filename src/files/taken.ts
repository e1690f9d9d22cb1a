// The answer to `ifAbsent` where there is a file already.
import { DroverError } from '../base/errors.ts'

export function taken(key: string): DroverError {
  return new DroverError('FILE_EXISTS', `Cannot put ${JSON.stringify(key)}: there is a file of this key`)
}
