// One fleet per state folder: a lock file that holds the owner's pid and start time, so that the lock of a
// killed owner can be told from a living one's.
//
// Taking over a dead owner's lock must let exactly one racer win. Whoever wants to replace a lock of
// content S first takes the claim `lock.<hash of S>` (itself such a lock), then looks again, and replaces
// only if S still stands. Only the claim's holder may replace S and only S's owner may remove it, and that
// one is dead: so S cannot change between the look and the replacement. A racer killed with the claim in
// hand leaves a stale claim, taken over alike.
import { createHash, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { DroverError } from '../base/errors.ts'
import type { Group } from './process-group.ts'
import { identifyGroup } from './process-group.ts'
import { readProcess } from './process-table.ts'

const schema = v.object({ pid: v.number(), startTime: v.string() })
/** Each repetition means that another process won and let go again meanwhile. */
const maxAttempts = 20

/** `held`: by us. `gone`: nobody has it. `taken`: by somebody else, which takes a removal first. */
export type LockState = 'held' | 'gone' | 'taken'

export interface Lock {
  /** Somebody may have removed it, with its folder or alone. */
  readonly state: LockState
  /** Takes it again where it is gone and its folder is there. */
  retake(): void
  /** Gives the folder free. Harmless when repeated. */
  release(): void
}

/** Locks the folder of `path` for this process; throws FLEET_ALREADY_RUNNING naming the living owner. */
export async function acquireLock(path: string): Promise<Lock> {
  const self = await identifyGroup(process.pid)
  if (self === undefined)
    throw new Error(`Cannot lock ${JSON.stringify(path)}: this process has no start time`)
  const content = `${JSON.stringify({ ...self, nonce: randomUUID() })}\n`
  const owner = await take(path, content)
  if (owner !== undefined) throw alreadyRunning(path, owner)
  return {
    get state() {
      const found = readIfPresent(path)
      if (found === undefined) return 'gone'
      return found === content ? 'held' : 'taken'
    },
    retake() {
      createExclusively(path, content)
    },
    release() {
      if (readIfPresent(path) === content) unlinkSync(path)
    },
  }
}

/** Undefined when taken; else the living process that has it. */
async function take(path: string, content: string): Promise<Group | undefined> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    if (createExclusively(path, content)) return undefined
    const found = readIfPresent(path)
    if (found === undefined) continue
    const owner = parseOwner(found)
    if (owner !== undefined && (await isRunning(owner))) return owner
    const claim = `${path}.${createHash('sha256').update(found).digest('hex').slice(0, 16)}`
    const rival = await take(claim, content)
    if (rival !== undefined) return rival
    if (replaceIfSame(path, found, content, claim)) return undefined
  }
  throw new Error(`Cannot lock ${JSON.stringify(path)}: ${maxAttempts} others came and went meanwhile`)
}

function replaceIfSame(path: string, found: string, content: string, claim: string): boolean {
  try {
    if (readIfPresent(path) !== found) return false
    withTemporary(path, content, (temporary) => {
      renameSync(temporary, path)
    })
    return true
  } finally {
    rmSync(claim, { force: true })
  }
}

/** link(2) refuses an existing name and shows a complete file only, where O_EXCL would show an empty one first. */
function createExclusively(path: string, content: string): boolean {
  try {
    withTemporary(path, content, (temporary) => {
      linkSync(temporary, path)
    })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function withTemporary(path: string, content: string, use: (temporary: string) => void): void {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    writeFileSync(temporary, content, { mode: 0o600 })
    use(temporary)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined for a damaged lock; links come whole, so only a crash of the machine damages one. */
function parseOwner(text: string): Group | undefined {
  try {
    return v.parse(schema, JSON.parse(text))
  } catch {
    return undefined
  }
}

async function isRunning(owner: Group): Promise<boolean> {
  const entry = await readProcess(owner.pid)
  return entry !== undefined && entry.startTime === owner.startTime && !entry.isZombie
}

function alreadyRunning(path: string, owner: Group): DroverError {
  const folder = JSON.stringify(dirname(path))
  return new DroverError(
    'FLEET_ALREADY_RUNNING',
    `Cannot start a fleet in ${folder}: process ${owner.pid} runs one there already`,
  )
}
