// A request through Drover's balancer, beside other proxies in front of the same upstream.
import { hash } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nginx } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { BalancerProcess } from '../../src/runtime/balancer-process.ts'
import { bodies } from '../contenders/bodies.ts'
import { nginxConfiguration } from '../contenders/nginx.ts'
import { usageOf } from '../cpu.ts'
import { measure, type Bench, type Contender } from '../measurement.ts'
import { freePort } from '../port.ts'
import { startNode, startServer, type Program } from '../program.ts'
import { resultOf, type Result } from '../result.ts'
import { makeRow, type Row } from '../row.ts'
import type { Stage } from '../stage.ts'
import type { Load } from '../wrk.ts'

const ours = 'Drover'
const peers = ['nginx', 'http-proxy-3', '@fastify/http-proxy'] as const

const loads: ReadonlyMap<string, Load> = new Map([
  ['GET 300 B', { method: 'GET', path: '/small' }],
  ['GET 16 KB', { method: 'GET', path: '/large' }],
  ['POST 1 KB', { method: 'POST', path: '/digest', body: 'b'.repeat(1024) }],
])
/** As many as `drover up` starts in the demo. */
const instances = 3

export async function runBalancer(bench: Bench): Promise<Result> {
  const { stage, progress } = bench
  progress('starting the contenders')
  const targets = await startUpstream(stage)
  const contenders = [
    contender(ours, await startDrover(stage, targets)),
    contender('nginx', await startNginx(stage, targets)),
    contender('http-proxy-3', await startProgram(stage, 'http-proxy-3', targets)),
    contender('@fastify/http-proxy', await startProgram(stage, 'fastify-http-proxy', targets)),
  ]
  for (const one of contenders) await verify(one)
  const measurement = await measure(bench, contenders)
  const rows = [...loads.keys()].flatMap((load) => {
    const our = measurement.figures(ours, load)
    return peers.flatMap((peer) => {
      const their = measurement.figures(peer, load)
      return [
        makeRow(
          `balancer: ${load}`,
          peer,
          'µs CPU/request',
          our.cpuMicrosPerRequest,
          their.cpuMicrosPerRequest,
        ),
        makeRow(`balancer: ${load}`, peer, 'requests/s', our.requestsPerSecond, their.requestsPerSecond),
      ]
    })
  })
  return resultOf([...rows, ...compareMemory(contenders)])
}

/** What the proxy's processes hold after all the load. */
function compareMemory(contenders: readonly Contender[]): Row[] {
  const [our, ...theirs] = contenders.map(({ name, pid }) => ({
    name,
    megabytes: usageOf(pid).residentBytes / 1_000_000,
  }))
  return theirs.map((their) =>
    makeRow('balancer: memory after the load', their.name, 'MB', our?.megabytes ?? 0, their.megabytes),
  )
}

function contender(name: string, { pid, ports: [port = 0] }: Program): Contender {
  return { name, pid, port, loads }
}

async function startUpstream(stage: Stage): Promise<string[]> {
  const upstream = new URL('../contenders/upstream.ts', import.meta.url)
  const { ports } = await startNode(stage, upstream, [String(instances)])
  return ports.map((port) => `http://127.0.0.1:${port}`)
}

function startProgram(stage: Stage, name: string, targets: readonly string[]): Promise<Program> {
  return startNode(stage, new URL(`../contenders/${name}.ts`, import.meta.url), targets)
}

/** The real worker process of `drover up`; only its CPU counts, not the primary's, which is this process. */
async function startDrover(stage: Stage, targets: readonly string[]): Promise<Program> {
  const balancer = new BalancerProcess(
    { reveal: false },
    {
      log: (message) => {
        console.error(message)
      },
      onStart: () => undefined,
      onExit: () => undefined,
      now: () => performance.now(),
    },
  )
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
  const { pid } = balancer.snapshot()
  if (pid === null) throw new Error('Cannot start the balancer: its worker is gone')
  return { pid, ports: [port] }
}

async function startNginx(stage: Stage, targets: readonly string[]): Promise<Program> {
  const folder = await stage.folder()
  // Started as root, its worker becomes another user, who must reach the buffers in here.
  await chmod(folder, 0o755)
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  await writeFile(file, nginxConfiguration(folder, port, targets))
  return startServer(stage, requirePart(nginx), ['-p', folder, '-e', 'stderr', '-c', file], port)
}

/** Rejects unless the contender passes on everything it is asked, with the words a proxy must add. */
async function verify({ name, port }: Contender): Promise<void> {
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
