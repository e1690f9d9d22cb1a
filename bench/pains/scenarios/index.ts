// Every pain that is tried, in the order of the table.
import type { Scenario } from '../scenario.ts'
import { cluster } from './cluster.ts'
import { concurrentRequests } from './concurrent-requests.ts'
import { copiedCookie } from './copied-cookie.ts'
import { earlyAnswer } from './early-answer.ts'
import { growth } from './growth.ts'
import { memory } from './memory.ts'
import { outageLogin, outageRead } from './outage.ts'
import { proxy } from './proxy.ts'
import { revokeAll } from './revoke-all.ts'
import { slowRead, slowWrite } from './signed-out.ts'
import { sliding } from './sliding.ts'
import { sockets } from './sockets.ts'

export const scenarios: readonly Scenario[] = [
  concurrentRequests,
  slowWrite,
  slowRead,
  earlyAnswer,
  outageRead,
  outageLogin,
  sliding,
  revokeAll,
  copiedCookie,
  growth,
  cluster,
  proxy,
  sockets,
  memory,
]
