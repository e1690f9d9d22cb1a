// What a process does at this moment.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The first letter that ps shows: R, S, D, T for stopped, Z; undefined when there is no such process. */
export async function readState(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)])
    return stdout.trim()[0]
  } catch {
    return undefined
  }
}
