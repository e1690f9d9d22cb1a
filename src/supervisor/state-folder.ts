// The folder of a fleet's records, which are this run's to write as long as it has the lock there. The folder may be removed while the
// fleet runs, as `git clean` or a cleanup of old files does: then it is made anew. What another fleet has taken meanwhile is left alone.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DroverError, isDroverError } from '../base/errors.ts'
import { acquireLock, type Lock } from './lock.ts'

const lockName = 'lock'

/** `held`: it was there, and ours. `regained`: it had been removed, and is there again. `lost`: another fleet has it by now. */
export type FolderState = 'held' | 'regained' | 'lost'

export class StateFolder {
  readonly #path: string
  #lock: Lock | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Makes and locks it. Rejects FLEET_ALREADY_RUNNING, or STATE_UNUSABLE where nothing can be written there. */
  async take(): Promise<void> {
    try {
      this.#make()
      this.#lock = await acquireLock(join(this.#path, lockName))
    } catch (error) {
      throw isDroverError(error) ? error : unusable(this.#path, error)
    }
  }

  /** Has it there again where it was removed. Throws STATE_UNUSABLE where that cannot be done. */
  keep(): FolderState {
    try {
      const before = this.#lock?.state
      if (before === 'gone') {
        this.#make()
        this.#lock?.retake()
      }
      // Another fleet may have been faster.
      if (this.#lock?.state !== 'held') return 'lost'
      return before === 'gone' ? 'regained' : 'held'
    } catch (error) {
      throw unusable(this.#path, error)
    }
  }

  /** Throws STATE_UNUSABLE while it is removed or another fleet's. */
  requireOurs(): void {
    const state = this.#lock?.state
    if (state === 'held') return
    throw unusable(
      this.#path,
      new Error(state === 'taken' ? 'another fleet has it by now' : 'it was removed'),
    )
  }

  /** Gives it free. Throws STATE_UNUSABLE where its lock cannot be removed, which the next run then takes over. */
  release(): void {
    try {
      this.#lock?.release()
      this.#lock = undefined
    } catch (error) {
      throw unusable(this.#path, error)
    }
  }

  #make(): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 })
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EDQUOT: 'the quota of the disk is used up',
  EEXIST: 'a file is in its place',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file is in its place',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
}

function unusable(path: string, cause: unknown): DroverError {
  const code = codeOf(cause) === 'ENOENT' ? obstacleAbove(path) : codeOf(cause)
  const why = reasons[code] ?? (cause instanceof Error ? cause.message : String(cause))
  return new DroverError('STATE_UNUSABLE', `Cannot use the state folder ${JSON.stringify(path)}: ${why}`, {
    cause,
  })
}

/** On a read-only file system Node says of a folder that it cannot make that its parent is not there. */
function obstacleAbove(path: string): string {
  let above = dirname(path)
  while (!existsSync(above) && above !== dirname(above)) above = dirname(above)
  try {
    accessSync(above, constants.W_OK)
    return 'ENOENT'
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
