// `drover stop`: ends the fleet gracefully and waits until it is gone.
import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import { DroverError } from '../base/errors.ts'
import type { ControlClient } from '../control/client.ts'
import { addConnectionFlags, connectToFleet, type ConnectionFlags } from './connection.ts'
import type { CliContext } from './context.ts'
import { exitCodeHelp } from './failure.ts'

/** Longer than any sensible drain and stop timeout together. */
const stopTimeoutMs = 10 * 60_000
/** From "everything has stopped" to the end of the primary itself. */
const exitTimeoutMs = 10_000
const zombieTimeoutMs = 2_000
const pollMs = 25

export function stopCommand(context: CliContext): Command {
  const { printer, program } = context
  const command = new Command('stop').description('finish the requests in flight, then stop the fleet')
  addConnectionFlags(command)
  command.addHelpText('after', `\nExample:\n  ${program} stop\n\n${exitCodeHelp}`)
  return command.action(async (flags: ConnectionFlags) => {
    const { client, place } = await connectToFleet(context, flags)
    const { url, pid } = await client.status()
    if (flags.json !== true) printer.out(`Stopping the fleet on ${url}: finishing what is in flight`)
    await stopAndWait(client, pid, place)
    printer.out(
      flags.json === true ? JSON.stringify({ stopped: true, pid }) : 'Stopped: nothing of it is left',
    )
  })
}

/** Resolves when the primary `pid` has ended. */
async function stopAndWait(client: ControlClient, pid: number, place: string): Promise<void> {
  // Any other failure than that nothing is there may be a connection cut in mid-answer: then look again.
  const isGone = async () => !(await client.isRunning().catch(() => true))
  await client.stop(stopTimeoutMs).catch(async (error: unknown) => {
    // A second Ctrl-C may end the primary before it answers. Then it is gone, which is what was asked for.
    if (!(await isGone())) throw error
  })
  if (!(await waitUntil(isGone, exitTimeoutMs))) throw stillThere(place, pid)
  // The socket is the last thing a primary lets go of. Its pid is given a moment, no more: nobody may be waiting for
  // that process, and then it stays as a zombie.
  await waitUntil(() => !isAlive(pid), zombieTimeoutMs)
}

async function waitUntil(isDone: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs
  while (!(await isDone())) {
    if (Date.now() > deadlineMs) return false
    await pause(pollMs)
  }
  return true
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // No such process; another user's could not have been stopped through its socket either.
    return false
  }
}

function stillThere(place: string, pid: number): DroverError {
  const waited = exitTimeoutMs / 1_000
  return new DroverError(
    'CONTROL_FAILED',
    `Cannot stop the fleet in ${place}: process ${pid} still runs ${waited} s after its instances ended`,
  )
}
