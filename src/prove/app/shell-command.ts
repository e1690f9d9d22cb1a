// Runs a command of the user's, such as one that resets a database, on the disk that later ones start from.
import { spawnChild } from '../../supervisor/child.ts'
import type { Exit } from '../../supervisor/child.ts'
import { LastLines } from '../../supervisor/last-lines.ts'
import type { Place } from './disk.ts'
import type { Groups } from './groups.ts'
import { describeExit } from './instance.ts'
import type { AppSpec } from './servers.ts'
import { AppFailure } from './servers.ts'

export interface ShellCommand {
  /** As the user knows it: 'before' or 'reset'. */
  readonly name: string
  readonly command: string
  readonly app: AppSpec
  readonly place: Place
  readonly groups: Groups
}

/** Resolves when its first process has ended well; what that started may go on. Rejects with AppFailure. */
export async function runShellCommand({ name, command, app, place, groups }: ShellCommand): Promise<void> {
  const lines = new LastLines()
  let settle: (exit: Exit) => void = () => undefined
  const exited = new Promise<Exit>((resolve) => {
    settle = resolve
  })
  const child = await spawnChild({
    command: [...place.enter, '/bin/sh', '-c', place.translate(command)],
    cwd: place.cwd,
    env: { ...app.env, ...place.env },
    onOutput: (_, line) => {
      lines.add(line)
    },
    onExit: (exit) => {
      settle(exit)
    },
  })
  await groups.add(child.group)
  child.open()
  const exit = await exited
  if (exit.code !== 0)
    throw new AppFailure(`The ${name} command failed (${describeExit(exit)}): ${command}`, lines.all)
}
