// Where the control socket of a fleet is: in its state folder, by the shortest name the system accepts.
import { join, relative } from 'node:path'
import { DroverError } from '../base/errors.ts'

const socketName = 'control.sock'
/** `sun_path` holds 104 bytes on macOS and 108 on Linux, with the closing NUL; one limit for both keeps folders portable. */
export const maxSocketPathBytes = 103

/**
 * The path to bind or connect to: absolute, or relative to `currentDir` where that is shorter; that must be the folder
 * this process is in.
 * Throws OPTION_INVALID when both are too long for a Unix socket.
 */
export function socketPath(stateDir: string, currentDir: string): string {
  const absolute = join(stateDir, socketName)
  const fromHere = relative(currentDir, absolute)
  const path = bytes(fromHere) < bytes(absolute) ? fromHere : absolute
  if (bytes(path) <= maxSocketPathBytes) return path
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use state ${JSON.stringify(stateDir)}: its control socket's path would be ${bytes(path)} bytes long, ` +
      `wanted at most ${maxSocketPathBytes}`,
  )
}

function bytes(path: string): number {
  return Buffer.byteLength(path)
}
