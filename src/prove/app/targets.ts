// Servers that already run somewhere, as those of a run.
import type { Mode } from '../trace.ts'
import type { Servers } from './servers.ts'
import { AppFailure } from './servers.ts'

/** Only `single`, which takes the first, and `private-disk`: nothing is known of their disks. Throws AppFailure. */
export function useTargets(targets: readonly string[], mode: Mode, count: number): Servers {
  if (mode === 'restart' || mode === 'shared-disk')
    throw new AppFailure(`Servers that already run cannot be run in mode ${mode}`)
  if (count > targets.length)
    throw new AppFailure(`${count} servers are needed, and ${targets.length} were given`)
  const origins = targets.slice(0, count).map((target) => target.replace(/\/+$/, ''))
  return {
    mode,
    origins,
    limits: [
      'The servers already ran: their disks and processes could not be looked at, and they did not start from a fresh state.',
    ],
    startedInMs: 0,
    restart: () => Promise.reject(new AppFailure('Servers that already run cannot be restarted')),
    isRunning: () => true,
    lastLines: () => [],
    portOf: (instance) => portOf(origins[instance - 1]),
    writtenFiles: () => Promise.resolve([]),
    readFile: () => Promise.resolve(undefined),
    evidenceFolder: () => '',
    pidOf: () => undefined,
    stop: () => Promise.resolve(),
  }
}

function portOf(origin: string | undefined): number {
  if (origin === undefined) throw new RangeError('Cannot look at that instance: there is none')
  const { port, protocol } = new URL(origin)
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}
