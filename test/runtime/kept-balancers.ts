// Balancers of a test, kept as the primary keeps them; an instance behind them; and a request to them.
import { createServer, request as startRequest, type Agent } from 'node:http'
import type { TestContext } from 'node:test'
import type { BalancerOptions, Upstream } from '../../src/balancer/messages.ts'
import { BalancerGroup, type BalancerGroupPorts } from '../../src/runtime/balancer-group.ts'
import { listen } from '../support/free-port.ts'

export interface Kept {
  readonly group: BalancerGroup
  readonly port: number
  readonly logs: string[]
  /** Pids, in the order of their starts and ends. */
  readonly started: number[]
  readonly ended: number[]
}

export const quietPorts: BalancerGroupPorts = {
  log: () => undefined,
  output: () => undefined,
  onStart: () => undefined,
  onExit: () => undefined,
  now: () => performance.now(),
}

export interface KeptOptions extends Partial<BalancerGroupPorts> {
  readonly count?: number
  readonly options?: Partial<BalancerOptions>
}

export async function startKept(
  t: TestContext,
  { count = 1, options, ...ports }: KeptOptions = {},
): Promise<Kept> {
  const logs: string[] = []
  const started: number[] = []
  const ended: number[] = []
  const group = new BalancerGroup({ reveal: true, ...options }, count, {
    ...quietPorts,
    log: (message) => logs.push(message),
    onStart: (pid) => started.push(pid),
    onExit: (pid) => ended.push(pid),
    ...ports,
  })
  t.after(() => group.close())
  const { port } = await group.listen('127.0.0.1', 0)
  return { group, port, logs, started, ended }
}

/** The first balancer's process; null while the next one is awaited. */
export function pidOf({ group }: Kept): number | null {
  return group.snapshot().balancers[0]?.pid ?? null
}

export function kill(kept: Kept): number {
  const pid = pidOf(kept)
  if (pid === null) throw new Error('the balancer has no process to kill')
  process.kill(pid, 'SIGKILL')
  return pid
}

export async function startInstance(t: TestContext, id: string, delayMs = 0): Promise<Upstream> {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end(id), delayMs).unref()
  })
  const port = await listen(server)
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { id, epoch: 1, host: '127.0.0.1', port }
}

/** One request: `answered`, another status, or the error's code. Without an agent it has a connection of its own. */
export function ask(port: number, agent: Agent | false = false, path = '/'): Promise<string> {
  return new Promise((resolve) => {
    const request = startRequest({ host: '127.0.0.1', port, agent, path })
    request.on('error', (error) => {
      resolve('code' in error ? String(error.code) : error.message)
    })
    request.once('response', (response) => {
      response.on('error', (error) => {
        resolve(error.message)
      })
      response.resume().on('end', () => {
        resolve(response.statusCode === 200 ? 'answered' : `status ${response.statusCode}`)
      })
    })
    request.end()
  })
}
