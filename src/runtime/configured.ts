// What the configuration says to the supervisor.
import { fingerprintVariable, markerVariable } from '../base/wire.ts'
import type { FleetConfig } from '../config/options.ts'
import type { FleetOptions } from '../supervisor/fleet-options.ts'
import type { Version } from '../supervisor/version.ts'
import { inheritedSocketVariables } from './bound-handle.ts'

type Environment = Readonly<Record<string, string | undefined>>

export function configuredOptions(config: FleetConfig): FleetOptions {
  const { health, readyTimeoutMs, drainTimeoutMs, stopTimeoutMs, stateDir } = config
  return { healthPath: health, readyTimeoutMs, drainTimeoutMs, stopTimeoutMs, stateDir }
}

/** The version that a run begins with. `environment`: what instances inherit; `marker`: the fleet's secret word. */
export function configuredVersion(config: FleetConfig, environment: Environment, marker: string): Version {
  const { command, cwd, version, fingerprint } = config
  const own = { [markerVariable]: marker, [fingerprintVariable]: fingerprint.join(',') }
  return {
    number: 1,
    label: version,
    command,
    cwd,
    env: { ...withoutSockets(environment), ...config.env, ...own },
  }
}

/** What a service manager told this process of sockets is not for its children. */
function withoutSockets(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !inheritedSocketVariables.includes(name)),
  )
}
