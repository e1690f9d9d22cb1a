// Whether a family has ended: from memory while the feed is well, and by the rule for that where it is cut.
import { DroverError } from '../base/errors.ts'
import type { CutRule } from './options.ts'
import type { Revocations } from './revocations.ts'
import type { TokenStore } from './token-store.ts'

/** Who knows what was revoked. */
export interface RevocationSource {
  readonly known: Revocations
  readonly store: Pick<TokenStore, 'loadFamily'>
}

/**
 * Whether the family has ended; `mark` is its principal's as the sign-in was. At once while the feed is well. Throws REVOCATIONS_UNKNOWN, or rejects
 * with STORE_UNAVAILABLE, where it cannot be told.
 */
export function isRevoked(
  { known, store }: RevocationSource,
  { key, mark }: { readonly key: string; readonly mark: number },
  rule: CutRule,
  nowMs: number,
): boolean | Promise<boolean> {
  if (known.has(key, mark, nowMs)) return true
  if (known.isCurrent(nowMs)) return false
  if (rule === 'look up') return store.loadFamily(key).then((family) => family === undefined)
  if (rule !== 'refuse' && nowMs - known.asOfMs <= rule.acceptForMs) return false
  throw new DroverError(
    'REVOCATIONS_UNKNOWN',
    'Cannot tell whether the token is revoked: the feed of revocations is cut or behind',
  )
}
