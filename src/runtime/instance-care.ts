// What is done about what the watch sees: hung instances are killed, those with too much memory replaced, and routes that all announce enforced.
import type { FleetConfig } from '../config/options.ts'
import type { InstanceState } from '../supervisor/fleet-options.ts'
import type { Announcement } from './announcement.ts'
import { InstanceWatch, type InstanceWatchPorts } from './instance-watch.ts'

/** What may be done to an instance. */
export interface CaredFleet {
  instances(): readonly { readonly id: string; readonly epoch: number; readonly state: InstanceState }[]
  kill(id: string, verdict?: string): unknown
  retire(id: string): Promise<unknown>
}

export interface CarePorts {
  readonly fleet: CaredFleet
  readonly onRoutes: InstanceWatchPorts['onRoutes']
  readonly announce: (announcement: Announcement) => void
}

type CareOptions = Pick<FleetConfig, 'health' | 'hangTimeoutMs' | 'maxMemory'>

/** A watch that acts on its own findings. `secret`: the fleet's secret word. */
export function careForInstances(options: CareOptions, secret: string, ports: CarePorts): InstanceWatch {
  const { fleet, announce } = ports
  const isReady = (id: string, epoch: number) =>
    fleet.instances().some((one) => one.id === id && one.epoch === epoch && one.state === 'ready')
  return new InstanceWatch(
    {
      secret,
      healthPath: options.health,
      hangTimeoutMs: options.hangTimeoutMs ?? Number.POSITIVE_INFINITY,
      memoryCeilingBytes: options.maxMemory,
    },
    {
      onHang: (id, epoch, detail) => {
        if (isReady(id, epoch)) fleet.kill(id, `${detail}: it hangs, and was killed`)
      },
      onMemory: (id, epoch, rssBytes) => {
        if (!isReady(id, epoch)) return
        const text = `instance ${id} holds ${megabytes(rssBytes)} of memory, more than ${megabytes(options.maxMemory ?? 0)}: replacing it`
        announce({ tone: 'bad', text })
        // It can only fail when it is no longer ready, and then something else has ended it.
        fleet.retire(id).catch(() => undefined)
      },
      onDrift: (id, epoch, sentence) => {
        if (isReady(id, epoch)) fleet.kill(id, `is refused: ${sentence}`)
      },
      onRoutes: ports.onRoutes,
      onTelemetry: () => undefined,
    },
  )
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`
}
