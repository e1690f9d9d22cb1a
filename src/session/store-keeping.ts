// Sessions kept as rows in a store.
import { sessionIdIn } from './cookie.ts'
import type { SessionKeeping } from './keeping.ts'
import { Principals } from './principals.ts'
import { SessionWriter } from './writer.ts'
import type { WriterSetting } from './writer.ts'

export function storeKeeping(setting: WriterSetting): SessionKeeping {
  const { store, policy, sealing } = setting
  return {
    isShared: true,
    canAdd: !sealing.isSealed,
    principals: new Principals(store, policy.idleMs),
    cookieIn: sessionIdIn,
    keep: (request) => new SessionWriter(setting, request),
    close: () => store.close(),
  }
}
