// What every adapter must do, whatever its framework: each of these lists is run against each.
import type { Adapter } from './adapter.ts'
import { answers } from './behaviours/answers.ts'
import { caching } from './behaviours/caching.ts'
import { connections } from './behaviours/connections.ts'
import { failures } from './behaviours/failures.ts'
import { forgery } from './behaviours/forgery.ts'
import { mounting } from './behaviours/mounting.ts'
import { requests } from './behaviours/requests.ts'
import { signingIn } from './behaviours/signing-in.ts'
import { streams } from './behaviours/streams.ts'

export function adapterSuite(adapter: Adapter): void {
  requests(adapter)
  signingIn(adapter)
  failures(adapter)
  answers(adapter)
  streams(adapter)
  caching(adapter)
  forgery(adapter)
  connections(adapter)
  mounting(adapter)
}
