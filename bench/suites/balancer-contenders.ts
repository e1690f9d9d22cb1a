// Drover's balancer and other proxies, each started in front of the same upstream and checked before anything is measured.
import { hash } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nginx } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import type { BalancerLimits } from '../../src/balancer/limits.ts'
import { BalancerGroup } from '../../src/runtime/balancer-group.ts'
import { bodies } from '../contenders/bodies.ts'
import { nginxConfiguration } from '../contenders/nginx.ts'
import type { Contender } from '../measurement.ts'
import { freePort } from '../../test/support/free-port.ts'
import { startNode, startServer, type Program } from '../program.ts'
import type { Stage } from '../stage.ts'
import type { Load } from '../wrk.ts'

export const ours = 'Drover'

/** As many as `drover up` starts in the demo. */
const instances = 3

/** Starts what stands behind every proxy. */
export function startUpstream(stage: Stage): Promise<Program> {
  return startNode(stage, new URL('../contenders/upstream.ts', import.meta.url), [String(instances)])
}

export function targetsOf(upstream: Program): string[] {
  return upstream.ports.map((port) => `http://127.0.0.1:${port}`)
}

/** A proxy written in Node, by the name of its file in contenders/. */
export function startProxy(stage: Stage, name: string, targets: readonly string[]): Promise<Program> {
  return startNode(stage, new URL(`../contenders/${name}.ts`, import.meta.url), targets)
}

export interface DroverChoices {
  /** Those that are not to be the default ones. */
  readonly limits?: Partial<BalancerLimits>
  /** The worker's program, where it is not the usual one. */
  readonly program?: string
}

/**
 * The worker process of `drover up`, with its metrics on and its access log off, as by default; only its CPU and memory
 * count, not the primary's, which is this process.
 */
export async function startDrover(
  stage: Stage,
  targets: readonly string[],
  { limits = {}, ...choices }: DroverChoices = {},
): Promise<Program> {
  const log = (line: string) => {
    console.error(line)
  }
  const balancer = new BalancerGroup({ reveal: false, limits }, 1, {
    log,
    output: log,
    onStart: () => undefined,
    onExit: () => undefined,
    now: () => performance.now(),
    ...choices,
  })
  stage.onClear(() => balancer.close())
  const { port } = await balancer.listen('127.0.0.1', 0)
  balancer.setUpstreams(
    targets.map((target, index) => ({
      id: String(index + 1),
      epoch: 1,
      host: '127.0.0.1',
      port: Number(new URL(target).port),
    })),
  )
  const pid = balancer.snapshot().balancers[0]?.pid ?? null
  if (pid === null) throw new Error('Cannot start the balancer: its worker is gone')
  return { pid, ports: [port] }
}

/** `choices` follow each target's name, such as `max_fails=0`. */
export async function startNginx(stage: Stage, targets: readonly string[], choices = ''): Promise<Program> {
  const folder = await stage.folder()
  // Started as root, its worker becomes another user, who must reach the buffers in here.
  await chmod(folder, 0o755)
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  await writeFile(file, nginxConfiguration(folder, port, targets, choices))
  return startServer(stage, requirePart(nginx), ['-p', folder, '-e', 'stderr', '-c', file], port)
}

export function contender(
  name: string,
  { pid, ports: [port = 0] }: Program,
  loads: ReadonlyMap<string, Load>,
): Contender {
  return { name, pid, port, loads }
}

/** Rejects unless the contender passes on everything it is asked, with the words a proxy must add. */
export async function verify({ name, port, loads }: Contender): Promise<void> {
  const origin = `http://127.0.0.1:${port}`
  for (const { method, path, body } of loads.values()) {
    const response = await fetch(origin + path, body === undefined ? { method } : { method, body })
    const wanted = body === undefined ? bodies.get(path) : hash('sha256', body)
    const text = await response.text()
    if (response.status === 200 && text === wanted) continue
    throw new Error(
      `${name} is out: ${method} ${path} answered ${response.status} ${JSON.stringify(text.slice(0, 200))}`,
    )
  }
  const words: unknown = await (await fetch(`${origin}/forwarded`)).json()
  const wanted = { for: '127.0.0.1', proto: 'http', host: `127.0.0.1:${port}` }
  if (JSON.stringify(words) === JSON.stringify(wanted)) return
  throw new Error(
    `${name} is out: it forwarded ${JSON.stringify(words)} instead of ${JSON.stringify(wanted)}`,
  )
}
