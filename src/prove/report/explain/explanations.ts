// Every kind and what there is to know about it.
import type { Kind } from '../../finding.ts'
import { socketRooms, stickyTransport } from './connections.ts'
import { localFile, localSqlite, uploadDirectory } from './disk.ts'
import type { Explanation } from './explanation.ts'
import {
  acknowledgedBeforeWritten,
  inMemorySession,
  inProcessCache,
  moduleState,
  rateLimiter,
} from './memory.ts'
import {
  bootSideEffect,
  inProcessSchedule,
  instanceConfiguration,
  instanceIdentity,
  perProcessSecret,
  unexplained,
} from './process.ts'

export const explanations: Readonly<Record<Kind, Explanation>> = {
  'in-memory-session': inMemorySession,
  'module-state': moduleState,
  'in-process-cache': inProcessCache,
  'rate-limiter': rateLimiter,
  'local-file': localFile,
  'local-sqlite': localSqlite,
  'upload-directory': uploadDirectory,
  'per-process-secret': perProcessSecret,
  'instance-identity': instanceIdentity,
  'instance-configuration': instanceConfiguration,
  'boot-side-effect': bootSideEffect,
  'sticky-transport': stickyTransport,
  'socket-rooms': socketRooms,
  'in-process-schedule': inProcessSchedule,
  'acknowledged-before-written': acknowledgedBeforeWritten,
  unexplained,
}
