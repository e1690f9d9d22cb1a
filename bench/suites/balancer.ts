// A request through Drover's balancer, beside other proxies in front of the same upstream.
import { usageOf } from '../cpu.ts'
import { measure, type Bench, type Contender, type Measurement } from '../measurement.ts'
import { resultOf, type Result } from '../result.ts'
import { makeRow, type Row } from '../row.ts'
import type { Load } from '../wrk.ts'
import {
  contender,
  ours,
  startDrover,
  startNginx,
  startProxy,
  startUpstream,
  targetsOf,
  verify,
} from './balancer-contenders.ts'

const smallGet = 'GET 300 B'
const loads: ReadonlyMap<string, Load> = new Map([
  [smallGet, { method: 'GET', path: '/small' }],
  ['GET 16 KB', { method: 'GET', path: '/large' }],
  ['POST 1 KB', { method: 'POST', path: '/digest', body: 'b'.repeat(1024) }],
])

interface Peer {
  readonly name: string
  /** What Drover's CPU per request is wanted to be at most, divided by this one's; absent where nothing is promised. */
  readonly cpuTarget: (load: string) => number | undefined
}

const peers: readonly Peer[] = [
  { name: 'nginx', cpuTarget: (load) => (load === smallGet ? 2 : undefined) },
  { name: 'http-proxy-3', cpuTarget: () => 1 / 3 },
  { name: '@fastify/http-proxy', cpuTarget: () => 2 / 5 },
]

export async function runBalancer(bench: Bench): Promise<Result> {
  const { stage, progress } = bench
  progress('starting the contenders')
  const targets = targetsOf(await startUpstream(stage))
  const contenders = [
    contender(ours, await startDrover(stage, targets), loads),
    contender('nginx', await startNginx(stage, targets), loads),
    contender('http-proxy-3', await startProxy(stage, 'http-proxy-3', targets), loads),
    contender('@fastify/http-proxy', await startProxy(stage, 'fastify-http-proxy', targets), loads),
  ]
  for (const one of contenders) await verify(one)
  const measurement = await measure(bench, contenders)
  const rows = [...loads.keys()].flatMap((load) => peers.flatMap((peer) => compare(measurement, load, peer)))
  return resultOf([...rows, ...compareMemory(contenders)])
}

function compare(measurement: Measurement, load: string, { name, cpuTarget }: Peer): Row[] {
  const our = measurement.figures(ours, load)
  const their = measurement.figures(name, load)
  const what = `balancer: ${load}`
  return [
    makeRow(
      what,
      name,
      'µs CPU/request',
      our.cpuMicrosPerRequest,
      their.cpuMicrosPerRequest,
      cpuTarget(load),
    ),
    makeRow(what, name, 'requests/s', our.requestsPerSecond, their.requestsPerSecond),
  ]
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
