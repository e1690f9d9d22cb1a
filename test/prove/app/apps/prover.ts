// A proof under way: prints the processes of its instances, then waits to be killed.
import { openStarter } from '../../../../src/prove/app/starter.ts'
import { appOf } from '../app-of.ts'

const starter = await openStarter()
const servers = await starter.startServers(
  appOf(process.argv[2] ?? '', ['node', 'writer.cjs']),
  'private-disk',
  2,
)
process.stdout.write(`pids ${servers.pidOf(1)} ${servers.pidOf(2)}\n`)
setInterval(() => undefined, 60_000)
