// What the fleet looks like at one moment: the answer of `drover status`, on the wire as JSON.

export const instanceStates = ['starting', 'ready', 'draining', 'stopping', 'backoff', 'stopped'] as const

export type InstanceState = (typeof instanceStates)[number]

export interface InstanceSnapshot {
  readonly id: string
  /** Null while no process runs (backoff, stopped). */
  readonly pid: number | null
  readonly port: number | null
  readonly version: string
  readonly state: InstanceState
  /** Ready, and given nothing until another one dies. */
  readonly isSpare: boolean
  /** Requests on it at this moment, as the balancer counts them. */
  readonly inFlight: number
  /** Attempts it has answered since this run of `drover up` began. */
  readonly requests: number
  /** Attempts that failed on it, in the same time. */
  readonly failures: number
  /** Answers of 500 and above, in the same time. */
  readonly errors: number
  /** The 99th percentile of its response times in the same time, in ms, at most √2 off; null when it answered none. */
  readonly p99Ms: number | null
  /** A balancer gives it nothing because its attempts failed. */
  readonly ejected: boolean
  /** How often it was started again after a death. */
  readonly restarts: number
  /** Milliseconds since its process started; null while none runs. */
  readonly uptimeMs: number | null
}

/** `draining`: it is being replaced, and finishes what it has; `down`: it died, and the next one is about to start. */
export const balancerStates = ['starting', 'serving', 'draining', 'down'] as const

export type BalancerState = (typeof balancerStates)[number]

export interface BalancerSnapshot {
  readonly pid: number | null
  /** How often it was started again after a death. */
  readonly restarts: number
  readonly state: BalancerState
}

/** How many instances there are to be: a number, or as the load wants. */
export interface Scale {
  readonly instances: number
  /** Null: a fixed number. */
  readonly autoscale: { readonly min: number; readonly max: number } | null
}

export interface FleetSnapshot {
  readonly state: 'starting' | 'running' | 'stopping'
  /** The primary process of `drover up`. */
  readonly pid: number
  /** Where clients connect, such as http://127.0.0.1:8080. */
  readonly url: string
  /** Where metrics are served, such as http://127.0.0.1:9090; null when nowhere. */
  readonly admin: string | null
  readonly version: string
  /** How many instances there are to be, and within which bounds the load decides that; null: it does not. */
  readonly scale: Scale
  /** The deploy that goes on; null when none does. */
  readonly deploy: { readonly version: string; readonly number: number } | null
  readonly uptimeMs: number
  /** Requests waiting in the balancer because no instance is ready. */
  readonly parked: number
  readonly balancers: readonly BalancerSnapshot[]
  readonly instances: readonly InstanceSnapshot[]
}
