// The metrics of the whole fleet: what its balancers count, added up, and what the supervisor knows of instances.
import type { MergedMetrics } from '../balancer/telemetry/merged-metrics.ts'
import { counter, gauge, single, type Metric } from '../balancer/telemetry/metric.ts'
import { balancerStates, instanceStates, type FleetSnapshot } from '../control/snapshot.ts'

/** No worker has this process id: it stands for the primary. */
const primary = 0

export class FleetMetrics {
  /** Nothing of it is loaded before somebody asks: a fleet that nobody scrapes starts sooner without. */
  #merged: MergedMetrics | undefined

  /** A balancer ended that had counted this. Before the first scrape nobody has seen a count that could fall. */
  retire(pid: number, metrics: readonly unknown[]): void {
    this.#merged?.update(pid, metrics)
    this.#merged?.retire(pid)
  }

  /** In Prometheus' text format 0.0.4. `workers`: what each running balancer counted, by its process id. */
  async text(workers: ReadonlyMap<number, readonly unknown[]>, snapshot: FleetSnapshot): Promise<string> {
    const merged = await this.#load()
    const alive = new Set(snapshot.balancers.map(({ pid }) => pid))
    for (const [pid, metrics] of workers) {
      // One that ended while others answered has been retired.
      if (alive.has(pid)) merged.update(pid, metrics)
    }
    merged.update(primary, fleetMetrics(snapshot))
    return merged.text()
  }

  async #load(): Promise<MergedMetrics> {
    const { MergedMetrics: Merged } = await import('../balancer/telemetry/merged-metrics.ts')
    this.#merged ??= new Merged()
    return this.#merged
  }
}

/** What the primary knows of the fleet, beside what its balancers count. */
function fleetMetrics(snapshot: FleetSnapshot): readonly Metric[] {
  const { instances, balancers, version, uptimeMs } = snapshot
  const byInstance = (valueOf: (instance: FleetSnapshot['instances'][number]) => number) =>
    instances.map((instance) => ({ labels: { instance: instance.id }, value: valueOf(instance) }))
  const restarts = balancers.reduce((sum, one) => sum + one.restarts, 0)
  return [
    gauge('drover_fleet_info', 'The version of the code that runs, as a label.', [
      { labels: { version }, value: 1 },
    ]),
    gauge('drover_uptime_seconds', 'Time since drover up began.', single(uptimeMs / 1_000)),
    gauge('drover_instances', 'Instances by state.', countStates(instanceStates, instances)),
    gauge(
      'drover_instance_up',
      'Whether an instance is ready for requests.',
      byInstance(({ state }) => (state === 'ready' ? 1 : 0)),
    ),
    counter(
      'drover_instance_restarts_total',
      'Starts of an instance after a death.',
      byInstance((instance) => instance.restarts),
    ),
    gauge('drover_balancers', 'Balancer processes by state.', countStates(balancerStates, balancers)),
    counter('drover_balancer_restarts_total', 'Starts of a balancer after a death.', single(restarts)),
  ]
}

function countStates<State extends string>(
  states: readonly State[],
  those: readonly { readonly state: State }[],
): { labels: { state: State }; value: number }[] {
  return states.map((state) => ({
    labels: { state },
    value: those.filter((one) => one.state === state).length,
  }))
}
