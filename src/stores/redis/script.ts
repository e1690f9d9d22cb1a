// The Lua scripts, read once from beside this file and called by their SHA-1.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe } from '../unavailable.ts'
import type { RedisCommands } from './commands.ts'

export interface Script {
  readonly source: string
  /** Hexadecimal, as EVALSHA wants it: the content names the script, so two versions of Drover never mix theirs up. */
  readonly sha1: string
}

function readScript(file: string): Script {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8')
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}

export const createScript: Script = readScript('./create.lua')
export const saveScript: Script = readScript('./save.lua')
export const replaceScript: Script = readScript('./replace.lua')

/** One round trip; two when the server does not know the script yet (its first use, or after a restart). */
export async function runScript(
  redis: RedisCommands,
  script: Script,
  keys: readonly string[],
  values: readonly string[],
): Promise<unknown> {
  const options = { keys: [...keys], arguments: [...values] }
  try {
    return await redis.evalSha(script.sha1, options)
  } catch (error) {
    if (!describe(error).startsWith('NOSCRIPT')) throw error
    return redis.eval(script.source, options)
  }
}
