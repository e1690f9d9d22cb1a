// How a command finds the fleet it speaks to.
import type { Command } from 'commander'
import { readStateDir } from '../config/read.ts'
import { shownPath } from '../config/shown-path.ts'
import { ControlClient } from '../control/client.ts'
import type { CliContext } from './context.ts'
import { typedFlag } from './invocation.ts'

export interface ConnectionFlags {
  readonly state?: string
  readonly config?: string
  readonly json?: boolean
}

/** Which fleet is meant. */
export function addPlaceFlags(command: Command): Command {
  return command
    .option('--state <folder>', 'the state folder of the fleet (default: .drover)')
    .option('--config <file>', 'a config file that names the state folder')
}

export function addConnectionFlags(command: Command): Command {
  return addPlaceFlags(command).option('--json', 'print JSON')
}

export interface Connection {
  readonly client: ControlClient
  /** The state folder as a person would write it. */
  readonly place: string
  /** ` --state …` for a hint, where the caller gave one. */
  readonly flags: string
}

/** Throws OPTION_INVALID when the state folder cannot be told; whether a fleet is there shows with the first call. */
export async function connectToFleet(context: CliContext, flags: ConnectionFlags): Promise<Connection> {
  const { currentDir } = context
  const stateDir = await readStateDir({ flags: { state: flags.state }, configPath: flags.config, currentDir })
  const place = shownPath(stateDir, currentDir)
  const client = new ControlClient({ stateDir, currentDir, shownAs: place })
  return { client, place, flags: repeatFlags(flags) }
}

function repeatFlags({ state, config }: ConnectionFlags): string {
  return typedFlag('--state', state) + typedFlag('--config', config)
}
