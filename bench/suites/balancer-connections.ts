// What connections cost the balancer that do nothing: memory per idle client and per WebSocket, beside a bare Node server
// that holds the same ones, and whether all of them are still served in the end.
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { usageOf } from '../cpu.ts'
import { Crowd, idleManner, socketManner, type Manner } from '../crowd.ts'
import type { Bench } from '../measurement.ts'
import { median } from '../median.ts'
import { openFilesLimit } from '../open-files.ts'
import { startNode, type Program } from '../program.ts'
import { resultOf, type Result } from '../result.ts'
import { makeFlooredRow, makeRow, type Row } from '../row.ts'
import { Stage } from '../stage.ts'
import { inTurn } from '../turn.ts'
import { ours, startDrover, startUpstream, targetsOf } from './balancer-contenders.ts'

/** A program that holds connections, and how it is started. */
interface Holder {
  readonly name: string
  readonly start: (stage: Stage) => Promise<Program>
  /** What Drover's memory per connection is wanted to be at most, divided by this one's; absent where nothing is promised. */
  readonly target?: number
}

interface Kind {
  readonly name: string
  readonly plural: string
  readonly manner: (port: number) => Manner
  /** Files that a connection takes in the balancer. */
  readonly filesEach: number
  readonly peers: readonly Holder[]
}

const drover: Holder = { name: ours, start: startBalancer }
const bareServer: Holder = { name: 'a bare Node server', start: startHolder('upstream'), target: 2 }
const wsServer: Holder = { name: 'a server with ws', start: startHolder('ws') }

const kinds: readonly Kind[] = [
  {
    name: 'idle connection',
    plural: 'idle connections',
    manner: idleManner,
    filesEach: 1,
    peers: [bareServer],
  },
  {
    name: 'WebSocket',
    plural: 'WebSockets',
    manner: socketManner,
    filesEach: 2,
    peers: [bareServer, wsServer],
  },
]

/** What one holder showed in one round. */
interface Weighed {
  /** Growth of its resident memory with each connection, at each step, in bytes. */
  readonly bytesEach: readonly number[]
  /** How many were answered after they had been held. */
  readonly answered: number
}

/** Memory hardly differs from one round to the next. */
const mostRounds = 3
/** Before anything is weighed so many requests are answered: code is compiled and pools have their usual size. */
const warmUps = { connections: 100, turns: 50 }
/** From telling a holder to give back its garbage until it is weighed, and from then until it is weighed again. */
const settleMs = 150
/** Two weights that differ by less than this share are the same. */
const steadyShare = 0.005
const mostWeights = 40
/** Files that a process has open besides. */
const otherFiles = 200
/** Memory comes in pages of this size. */
const pageBytes = 4096
/** The other holders keep idle connections as long. */
const clientIdleMs = 600_000

export async function runBalancerConnections(bench: Bench): Promise<Result> {
  const rows: Row[] = []
  for (const kind of kinds) rows.push(...(await compare(bench, kind)))
  return resultOf(rows)
}

/** At a fifth of the connections, and at all of them. */
async function compare(bench: Bench, kind: Kind): Promise<Row[]> {
  const count = allowed(bench, kind)
  const steps = [Math.round(count / 5), count]
  const found = await weighAll(bench, kind, steps)
  const our = found.get(ours) ?? []
  return kind.peers.flatMap(({ name, target }) => {
    const their = found.get(name) ?? []
    const memory = steps.map((step, index) =>
      makeFlooredRow({
        what: `balancer: memory per ${kind.name}, ${written(step)} held`,
        peerName: name,
        unit: 'KB',
        ours: bytesAt(our, index) / 1_000,
        peer: bytesAt(their, index) / 1_000,
        smallest: pageBytes / step / 1_000,
        target,
      }),
    )
    const held = `balancer: ${written(count)} ${kind.plural} held`
    return [...memory, makeRow(held, name, 'connections', answeredOf(our), answeredOf(their), 1)]
  })
}

/** As many as are wanted, or as the limit of open files leaves. */
function allowed({ plan, progress }: Bench, kind: Kind): number {
  const limit = openFilesLimit()
  const most = Math.floor((limit - otherFiles) / kind.filesEach)
  if (most >= plan.connections) return plan.connections
  if (most < 1) throw new Error(`Cannot hold ${kind.plural}: only ${limit} open files are allowed`)
  progress(
    `${written(most)} ${kind.plural} instead of ${written(plan.connections)}: ${written(limit)} open files are allowed (ulimit -n)`,
  )
  return most
}

async function weighAll(
  bench: Bench,
  kind: Kind,
  steps: readonly number[],
): Promise<ReadonlyMap<string, readonly Weighed[]>> {
  const holders = [drover, ...kind.peers]
  const found = new Map<string, Weighed[]>(holders.map(({ name }) => [name, []]))
  const rounds = Math.min(bench.plan.rounds, mostRounds)
  for (let round = 1; round <= rounds; round++) {
    bench.progress(`${kind.plural}, round ${round} of ${rounds}`)
    for (const holder of inTurn(holders, round)) {
      found.get(holder.name)?.push(await weigh(bench, holder, kind, steps))
    }
  }
  return found
}

/** In a process of its own, which has held nothing before. */
async function weigh(bench: Bench, holder: Holder, kind: Kind, steps: readonly number[]): Promise<Weighed> {
  const stage = new Stage(bench.stage.signal)
  try {
    return await weighOn(stage, await holder.start(stage), kind, steps)
  } catch (cause) {
    stage.signal.throwIfAborted()
    throw new Error(`${holder.name} is out: it did not hold ${kind.plural}`, { cause })
  } finally {
    await stage.clear()
  }
}

async function weighOn(
  stage: Stage,
  { pid, ports: [port = 0] }: Program,
  { manner }: Kind,
  steps: readonly number[],
): Promise<Weighed> {
  await warmUp(stage, port, manner(port))
  const before = await heldBytes(stage, pid)
  const crowd = openCrowd(stage, port, manner(port))
  const bytesEach: number[] = []
  for (const step of steps) {
    await crowd.grow(step)
    bytesEach.push(((await heldBytes(stage, pid)) - before) / step)
  }
  return { bytesEach, answered: await crowd.askAll() }
}

async function warmUp(stage: Stage, port: number, manner: Manner): Promise<void> {
  const crowd = openCrowd(stage, port, manner)
  await crowd.grow(warmUps.connections)
  for (let turn = 0; turn < warmUps.turns; turn++) await crowd.askAll()
  crowd.close()
}

function openCrowd(stage: Stage, port: number, manner: Manner): Crowd {
  const crowd = new Crowd(port, manner, stage.signal)
  stage.onClear(() => {
    crowd.close()
    return Promise.resolve()
  })
  return crowd
}

/** What a process holds, and not what it has yet to collect: how much that is depends on the moment. */
async function heldBytes(stage: Stage, pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2')
  let bytes = Infinity
  for (let count = 0; count < mostWeights; count++) {
    await pause(settleMs, undefined, { signal: stage.signal })
    const before = bytes
    bytes = usageOf(pid).residentBytes
    if (Math.abs(before - bytes) < bytes * steadyShare) break
  }
  return bytes
}

async function startBalancer(stage: Stage): Promise<Program> {
  const targets = targetsOf(await startUpstream(stage))
  const program = fileURLToPath(weighable('balancer'))
  return startDrover(stage, targets, { limits: { clientIdleMs }, program })
}

function startHolder(name: string): Holder['start'] {
  return (stage) => startNode(stage, weighable(name), [])
}

/** A program that can be told to collect its garbage. */
function weighable(name: string): URL {
  return new URL(`../contenders/weighable-${name}.ts`, import.meta.url)
}

function bytesAt(rounds: readonly Weighed[], index: number): number {
  return median(rounds.map(({ bytesEach }) => bytesEach[index] ?? NaN))
}

function answeredOf(rounds: readonly Weighed[]): number {
  return median(rounds.map(({ answered }) => answered))
}

function written(count: number): string {
  return count.toLocaleString('en')
}
