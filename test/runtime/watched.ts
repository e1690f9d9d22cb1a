// Instances to be watched and what was told of them: programs of their own, and servers in the test that answer as told.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AnnouncedRoute, InstanceTelemetry } from '../../src/base/instance-telemetry.ts'
import { InstanceWatch } from '../../src/runtime/instance-watch.ts'
import type {
  InstanceWatchOptions,
  InstanceWatchPorts,
  WatchedView,
} from '../../src/runtime/instance-watch.ts'
import type { Scheduler } from '../../src/supervisor/scheduler.ts'
import { listen } from '../support/free-port.ts'

export const secret = 'secret-word'

/** Everything that a watch told, in the order in which it came. */
export interface Told {
  readonly hangs: string[]
  readonly memory: { readonly id: string; readonly rssBytes: number }[]
  readonly drifts: string[]
  readonly routes: (readonly AnnouncedRoute[])[]
  readonly telemetry: { readonly id: string; readonly telemetry: InstanceTelemetry | undefined }[]
}

export interface WatchUnderTest {
  readonly watch: InstanceWatch
  readonly told: Told
}

/** Closed with the test. */
export function startWatch(
  t: TestContext,
  options: Partial<InstanceWatchOptions> = {},
  ports: Partial<InstanceWatchPorts> = {},
): WatchUnderTest {
  const told: Told = { hangs: [], memory: [], drifts: [], routes: [], telemetry: [] }
  const watch = new InstanceWatch(
    { secret, healthPath: undefined, intervalMs: 40, ...options },
    {
      onHang: (id, epoch, detail) => told.hangs.push(`${id}#${epoch} ${detail}`),
      onMemory: (id, _epoch, rssBytes) => told.memory.push({ id, rssBytes }),
      onDrift: (id, epoch, sentence) => told.drifts.push(`${id}#${epoch} ${sentence}`),
      onRoutes: (routes) => told.routes.push(routes),
      onTelemetry: (id, _epoch, telemetry) => told.telemetry.push({ id, telemetry }),
      ...ports,
    },
  )
  t.after(() => watch.close())
  return { watch, told }
}

export function viewOf(id: string, port: number, more: Partial<WatchedView> = {}): WatchedView {
  return {
    id,
    epoch: 1,
    pid: process.pid,
    host: '127.0.0.1',
    port,
    state: 'ready',
    version: { number: 1 },
    ...more,
  }
}

const program = fileURLToPath(new URL('fixtures/serves-watched.ts', import.meta.url))

/** A program that leads a process group of its own, as the supervisor starts them; resolves once it is ready. */
export async function startInstance(
  t: TestContext,
  id: string,
  habit = 'calm',
  env: Readonly<Record<string, string>> = {},
): Promise<WatchedView> {
  const child = spawn(process.execPath, ['--conditions=source', program, habit], {
    env: { ...process.env, DROVER_INSTANCE: id, DROVER_MARKER: secret, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const { pid } = child
  if (pid === undefined) throw new Error('Cannot start an instance')
  t.after(async () => {
    process.kill(-pid, 'SIGKILL')
    await once(child, 'close')
  })
  const [line = ''] = (await once(createInterface(child.stdout), 'line')) as string[]
  return viewOf(id, Number(line.replace('port ', '')), { pid })
}

export const calmTelemetry: InstanceTelemetry = {
  pid: process.pid,
  state: 'serving',
  uptimeMs: 1,
  inFlight: 0,
  upgraded: 0,
  requests: 0,
  refused: 0,
  eventLoopUtilization: 0,
  eventLoopDelayP99Ms: 0,
  eventLoopDelayMaxMs: 0,
  rssBytes: 1,
  heapUsedBytes: 1,
  fingerprint: {},
  idempotentRoutes: [],
}

type Answer = (req: IncomingMessage, res: ServerResponse) => unknown

export interface FakeInstance {
  readonly port: number
  /** The paths that it was asked for. */
  readonly asked: string[]
  /** How it answers from now on. */
  answer: Answer
}

export async function startFake(t: TestContext, answer: Answer): Promise<FakeInstance> {
  const asked: string[] = []
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    fake.answer(req, res)
  })
  const fake = { port: await listen(server), asked, answer }
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return fake
}

export function tells(telemetry: Partial<InstanceTelemetry> = {}): Answer {
  return (_req, res) => {
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify({ ...calmTelemetry, ...telemetry }))
  }
}

/** Timers that fire when the test moves the time, at most one at a time. */
export class ManualTime implements Scheduler {
  nowMs = 0
  #timers: { readonly dueMs: number; readonly run: () => void }[] = []

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.nowMs + delayMs, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  /** Each timer on time. */
  advance(byMs: number): void {
    const endMs = this.nowMs + byMs
    for (;;) {
      const next = this.#timers.toSorted((one, other) => one.dueMs - other.dueMs)[0]
      if (next === undefined || next.dueMs > endMs) break
      this.nowMs = next.dueMs
      this.#fire(next)
    }
    this.nowMs = endMs
  }

  /** Nothing runs for so long; then what is due does, once. */
  standStill(forMs: number): void {
    this.nowMs += forMs
    for (const timer of this.#timers.filter(({ dueMs }) => dueMs <= this.nowMs)) this.#fire(timer)
  }

  #fire(timer: { readonly run: () => void }): void {
    this.#timers = this.#timers.filter((one) => one !== timer)
    timer.run()
  }
}
