// Everybody who runs the shop for this benchmark, in the order of the table.
import { drover } from './drover.ts'
import type { Contender } from './fleet.ts'
import { pm2 } from './pm2.ts'
import { proxiedContenders } from './proxied.ts'

export const contenders: readonly Contender[] = [drover, ...proxiedContenders, pm2]
