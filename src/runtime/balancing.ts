// The balancers as the configuration wants them, also when it changes while they run.
import { withDeadline } from '../base/deadline.ts'
import type { EnforcedRoute } from '../balancer/messages.ts'
import type { FleetConfig } from '../config/options.ts'
import type { FleetSnapshot } from '../control/snapshot.ts'
import type { InstanceView } from '../supervisor/fleet-options.ts'
import { BalancerGroup, type BalancerGroupPorts, type BalancerGroupSnapshot } from './balancer-group.ts'
import { countInFlight } from './balancer-loads.ts'
import { balancerOptions } from './balancer-options.ts'
import { balancerStartTimeoutMs } from './balancer-slot.ts'
import { boundAddress, type BoundAddress, type BoundHandle } from './bound-handle.ts'
import { clientUrl, readyUpstreams } from './fleet-snapshot.ts'
import { FleetMetrics } from './metrics.ts'
import { planReload, type ReloadPlan } from './reload.ts'

export class Balancing {
  /** The secret word by which instances say "not processed". */
  readonly #marker: string
  readonly #group: BalancerGroup
  readonly #metrics = new FleetMetrics()
  #config: FleetConfig
  /** Where the balancers listen. */
  #address: BoundAddress
  #instances: readonly InstanceView[] = []
  #announced: readonly EnforcedRoute[] = []

  constructor(config: FleetConfig, marker: string, ports: BalancerGroupPorts) {
    this.#marker = marker
    this.#config = config
    this.#address = { host: config.host, port: config.port }
    this.#group = new BalancerGroup(balancerOptions(config, marker, []), config.balancers, {
      ...ports,
      onRetire: (pid, metrics) => {
        this.#metrics.retire(pid, metrics)
      },
    })
  }

  /** Where a client on this machine connects. */
  get url(): string {
    const { host, port } = this.#address
    return clientUrl(host, port, this.#config.tls === undefined ? 'http' : 'https')
  }

  /**
   * Binds the port and starts the balancers; on `inherited` instead, where a service manager has bound it. Rejects with
   * PORT_TAKEN or OPTION_INVALID.
   */
  async listen(inherited?: BoundHandle): Promise<void> {
    if (inherited !== undefined) this.#address = boundAddress(inherited)
    const { host, port } = this.#address
    const listening = inherited === undefined ? this.#group.listen(host, port) : this.#group.serve(inherited)
    const bound = await withDeadline(listening, balancerStartTimeoutMs, () => {
      return new Error(`Cannot listen on ${host}:${port}: the balancer did not start`)
    })
    this.#address = { host, port: bound.port }
  }

  /** Tells the balancers of the instances as they are now. */
  follow(instances: readonly InstanceView[]): void {
    this.#instances = instances
    this.#group.setUpstreams(readyUpstreams(instances, this.#config.weights))
  }

  /**
   * Resolves true when every balancer gives this start of the instance nothing more, has finished what it had there,
   * WebSockets included, and has closed its connections to it: it can be ended, and nobody notices. False when that has not
   * come in `timeoutMs`. To be called once `follow` was told that it drains or is gone; before, it waits for that too.
   */
  drained(id: string, epoch: number, timeoutMs: number): Promise<boolean> {
    return this.#group.drained(id, epoch, timeoutMs)
  }

  /** Applies what of `after` can change while the balancers run; the rest waits, and is named. */
  reload(after: FleetConfig): ReloadPlan {
    const plan = planReload(this.#config, after)
    this.#config = plan.config
    this.#configure()
    // A log that was renamed is written anew under its own name.
    this.#group.reopenLog()
    this.follow(this.#instances)
    return plan
  }

  /** Routes on which all instances say that they enforce idempotency keys, beside those that the configuration declares. */
  announce(routes: readonly EnforcedRoute[]): void {
    this.#announced = routes
    this.#configure()
  }

  #configure(): void {
    this.#group.configure(balancerOptions(this.#config, this.#marker, this.#announced))
  }

  /** Exchanges the balancers for the code on disk; see BalancerGroup. */
  replace(): Promise<{ readonly replaced: number; readonly cut: number }> {
    return this.#group.replace({ drainTimeoutMs: this.#config.drainTimeoutMs })
  }

  /** Stops accepting and finishes what is in flight; `cut` counts the requests the drain timeout ended. */
  drain(): Promise<{ readonly cut: number }> {
    return this.#group.drain(this.#config.drainTimeoutMs)
  }

  /** Ends the balancers whatever they are doing. */
  close(): Promise<void> {
    return this.#group.close()
  }

  snapshot(): BalancerGroupSnapshot {
    return this.#group.snapshot()
  }

  /** Requests that instances are answering now. */
  countInFlight(): number {
    return countInFlight(this.snapshot().loads)
  }

  /** Their metrics, and those of the whole fleet as `look` sees it once they have answered. */
  async metrics(look: () => FleetSnapshot): Promise<string> {
    const workers = await this.#group.metrics()
    return this.#metrics.text(workers, look())
  }
}
