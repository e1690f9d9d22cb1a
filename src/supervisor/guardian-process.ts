// What the guardian becomes once the primary is gone: ends the groups named in its argument (JSON), then
// exits.
import * as v from 'valibot'
import { groupsSchema } from './group-record.ts'
import { endGroup } from './process-group.ts'
import { systemScheduler } from './scheduler.ts'

/** With the wait after SIGKILL this stays below 5 s. */
const graceMs = 2_000

// Whatever ended the primary may go on to end its other processes, too early for this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)

const groups = v.parse(groupsSchema, JSON.parse(process.argv[2] ?? '[]'))
await Promise.all(groups.map((group) => endGroup(group, graceMs, systemScheduler)))
