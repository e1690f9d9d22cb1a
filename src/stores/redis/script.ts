// The Lua scripts, read once from beside this file and called by their SHA-1.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mostListedSessions } from '../../session/store.ts'
import { describe } from '../unavailable.ts'
import type { RedisCommands } from './commands.ts'

export interface Script {
  readonly source: string
  /** Hexadecimal, as EVALSHA wants it: the content names the script, so two versions of Drover never mix theirs up. */
  readonly sha1: string
}

/** One call of a script. */
export interface ScriptCall {
  readonly script: Script
  readonly keys: readonly string[]
  readonly values: readonly string[]
}

const session = readSource('session')
const fields = readSource('fields')
const change = readSource('change')
const listing = `local mostListed = ${mostListedSessions}\n${readSource('listing')}`

export const createScript: Script = readScript('create', session, fields, listing)
export const saveScript: Script = readScript('save', session, fields, change)
export const replaceScript: Script = readScript('replace', session, fields, change, listing)
export const retireScript: Script = readScript('retire', session, listing)
export const forwardScript: Script = readScript('forward', session)
export const deleteScript: Script = readScript('delete', session, listing)
export const listScript: Script = readScript('list', session, fields, listing)
export const revokeAllScript: Script = readScript('revoke-all', session, listing)
export const hitScript: Script = readScript('hit')

function readSource(name: string): string {
  return readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8')
}

/** A script beside this file, with the parts it shares with others before it. */
export function readScript(name: string, ...parts: readonly string[]): Script {
  const source = [...parts, readSource(name)].join('\n')
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}

/**
 * One round trip; two when the server does not know the script yet (its first use, or after a restart). What `also` asks
 * is sent right after the call, so that it travels along.
 */
export async function runScript(
  redis: RedisCommands,
  { script, keys, values }: ScriptCall,
  also?: () => Promise<void>,
): Promise<unknown> {
  const options = { keys: [...keys], arguments: [...values] }
  try {
    return await withMore(redis.evalSha(script.sha1, options), also)
  } catch (error) {
    if (!describe(error).startsWith('NOSCRIPT')) throw error
    return withMore(redis.eval(script.source, options), also)
  }
}

async function withMore(
  replying: Promise<unknown>,
  also: (() => Promise<void>) | undefined,
): Promise<unknown> {
  if (also === undefined) return replying
  const [reply] = await Promise.all([replying, also()])
  return reply
}
