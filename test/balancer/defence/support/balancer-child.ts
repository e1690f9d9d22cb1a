// Starts balancer-program.ts and asks it things.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { BalancerLimits } from '../../../../src/balancer/limits.ts'
import type { Upstream } from '../../../../src/balancer/messages.ts'

export type ProgramCommand =
  | {
      readonly type: 'listen'
      readonly limits: Partial<BalancerLimits>
      readonly upstreams: readonly Upstream[]
    }
  | { readonly type: 'collect' }

export interface BalancerChild {
  readonly port: number
  /** Resident memory in bytes, garbage collected. */
  readonly memory: () => Promise<number>
}

const program = fileURLToPath(new URL('balancer-program.ts', import.meta.url))

export async function startBalancerChild(
  t: TestContext,
  upstreams: readonly Upstream[],
  limits: Partial<BalancerLimits> = {},
): Promise<BalancerChild> {
  const child = fork(program, {
    execArgv: ['--conditions=source', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.after(async () => {
    if (child.exitCode !== null || !child.kill('SIGKILL')) return
    await once(child, 'exit')
  })
  const ask = async (command: ProgramCommand) => {
    const died = once(child, 'exit').then(() => {
      throw new Error(`the balancer ended when asked to ${command.type}`)
    })
    died.catch(() => undefined)
    child.send(command)
    const [answer]: unknown[] = await Promise.race([once(child, 'message'), died])
    return Number(answer)
  }
  const port = await ask({ type: 'listen', limits, upstreams })
  return { port, memory: () => ask({ type: 'collect' }) }
}
