// Says in words why a process ended.
import type { Exit } from './child.ts'

/** Such as 'exited with code 1 before it was ready' or 'killed by SIGKILL'. */
export function describeExit(exit: Exit, wasReady: boolean): string {
  const how = exit.signal === null ? `exited with code ${exit.code ?? 'unknown'}` : `killed by ${exit.signal}`
  return wasReady ? how : `${how} before it was ready`
}
