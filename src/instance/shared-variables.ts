// The variables of the environment that all instances of a fleet must have alike (R6).
import { fingerprintVariable, versionVariable } from '../base/wire.ts'
import type { Fingerprint } from './fingerprint.ts'

/**
 * What nobody needs to list: the keys and the store of sessions, and what the version is called. `sessions` reads SESSION_STORE by
 * itself, and SESSION_KEYS is what its documentation calls the keys.
 */
const always: readonly string[] = ['SESSION_KEYS', 'SESSION_STORE', versionVariable]

/** Their values as they are now, after the app has read its own files of variables; those that are not set are left out. */
export function sharedVariables(env: Readonly<Record<string, string | undefined>>): Fingerprint {
  const listed = (env[fingerprintVariable] ?? '').split(',').map((name) => name.trim())
  const names = new Set([...always, ...listed])
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = name === '' ? undefined : env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
