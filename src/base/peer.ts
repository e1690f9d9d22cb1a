// What becomes of loading an optional peer that fails.
import { DroverError } from './errors.ts'

/** Throws PEER_MISSING where the package `name` is not installed, which `purpose` cannot do without; any other error as it is. */
export function refusePeer(error: unknown, purpose: string, name: string): never {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
  const message = `${purpose}: the package "${name}" is not installed; npm install ${name}`
  throw new DroverError('PEER_MISSING', message, { cause: error })
}
