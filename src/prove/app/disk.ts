// Where instances keep their files: a disk that starts as the machine's own and keeps apart what is written.
import type { Environment } from '../../supervisor/command.ts'
import type { WrittenFile } from './servers.ts'

export interface Disk {
  /** Hostname and, if asked for, a network of its own for one instance on this disk. */
  enter(instance: number, network: 'shared' | 'own'): Promise<Place>
  /** What was written since it was opened. */
  writtenFiles(): Promise<readonly WrittenFile[]>
  readFile(path: string): Promise<Buffer | undefined>
  /** Removes it, with every place on it, and ends processes that still use it. */
  close(): Promise<void>
}

/** How a command gets to see a disk. */
export interface Place {
  /** Put before the command. */
  readonly enter: readonly string[]
  /** Where to start the command. */
  readonly cwd: string
  readonly env: Environment
  /** Put before a command that is only to be in the same network; undefined: the network is the machine's. */
  readonly enterNetwork: readonly string[] | undefined
  /** The app's folder, replaced in arguments by where it is on this disk. */
  translate(text: string): string
}

/** Makes disks, all from the same state. */
export interface Disks {
  readonly limits: readonly string[]
  /** What commands of the user write there, later disks start with. The same disk every time. */
  prepared(): Promise<Disk>
  /** A fresh one for this many instances. */
  open(instances: readonly number[]): Promise<Disk>
  close(): Promise<void>
}

export function hostnameOf(instance: number): string {
  return `instance-${instance}`
}
