// What becomes of loading an optional peer that fails.
import { DroverError } from './errors.ts'

/**
 * Throws PEER_MISSING where the package `name` is not installed, which `purpose` cannot do without; any other error as it
 * is. `all` are the packages to install, where one is not enough.
 */
export function refusePeer(
  error: unknown,
  purpose: string,
  name: string,
  all: readonly string[] = [name],
): never {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
  const message = `${purpose}: the package "${name}" is not installed; npm install ${all.join(' ')}`
  throw new DroverError('PEER_MISSING', message, { cause: error })
}
