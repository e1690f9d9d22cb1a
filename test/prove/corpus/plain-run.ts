// Runs a specimen without `drover prove`: each instance in a copy of the folder, visitors sent to one after the other in turn. Says which
// expectations of the flow were not met, which is what a person would see.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { drive } from '../../../src/prove/drive/drive.ts'
import { asksAnew, restartSchedule, type Schedule } from '../../../src/prove/drive/schedule.ts'
import type { Flow } from '../../../src/prove/flow/flow.ts'
import { substitute } from '../../../src/prove/flow/variables.ts'
import type { Observation } from '../../../src/prove/trace.ts'
import { until } from '../../support/until.ts'
import { copySpecimen, prepareCopies, type Specimen } from './corpus.ts'

export interface PlainRun {
  /** Folder for copies, which the caller removes. */
  readonly scratch: string
  /** STORE_URL of the instances. */
  readonly store: string
}

/** What the steps of its flow expect and did not get, as text; by one instance, by `count` in turn, or by one restarted before each request. */
export async function unmetBy(
  specimen: Specimen,
  how: 'alone' | 'in-turn' | 'restarted',
  { scratch, store }: PlainRun,
): Promise<readonly string[]> {
  const count = how === 'in-turn' ? 2 : 1
  await prepareCopies(scratch)
  const instances = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      PlainInstance.start(specimen, { scratch, store, number: index + 1 }),
    ),
  )
  const { flow } = specimen
  try {
    const driven = {
      mode: 'private-disk' as const,
      origins: instances.map(({ origin }) => origin),
      portOf: (instance: number) => instances[instance - 1]?.port ?? 0,
      restart: async () => {
        await Promise.all(instances.map((instance) => instance.restart()))
      },
    }
    const schedule = how === 'restarted' ? restartSchedule(flow) : inTurn(flow, count)
    const { observations } = await drive(flow, driven, schedule)
    return unmet(flow, observations)
  } finally {
    await Promise.all(instances.map((instance) => instance.stop()))
  }
}

function inTurn(flow: Flow, count: number): Schedule {
  let turn = 0
  return flow.steps.map((step) => ({ instance: asksAnew(step) ? (turn++ % count) + 1 : 1, restart: false }))
}

function unmet(flow: Flow, observations: readonly Observation[]): readonly string[] {
  const captured: Record<string, string> = {}
  return observations.flatMap((observation) => {
    const { step: index, status, error, instance } = observation
    const step = flow.steps[index]
    const where = `step ${index + 1} by ${instance}`
    if (step?.kind !== 'http') return error === undefined ? [] : [`${where}: ${error}`]
    const { expect } = step
    const isStatusRight = expect.status === undefined ? status > 0 && status < 500 : status === expect.status
    if (!isStatusRight) return [`${where}: ${step.method} ${step.path} answered ${status} ${error ?? ''}`]
    const body = Buffer.from(observation.body).toString()
    const includes = substitute(expect.includes ?? '', captured)
    Object.assign(captured, observation.captured)
    const missing = Object.keys(step.capture).filter((name) => observation.captured[name] === undefined)
    if (missing.length > 0) return [`${where}: no ${missing.join(', ')} in ${body}`]
    return body.includes(includes) ? [] : [`${where}: no ${includes} in ${body}`]
  })
}

interface Place extends PlainRun {
  readonly number: number
}

class PlainInstance {
  readonly port: number
  readonly #specimen: Specimen
  readonly #place: Place
  #process: ChildProcess | undefined

  private constructor(specimen: Specimen, place: Place, port: number) {
    this.#specimen = specimen
    this.#place = place
    this.port = port
  }

  static async start(specimen: Specimen, place: Place): Promise<PlainInstance> {
    const instance = new PlainInstance(specimen, place, await quietPort())
    await copySpecimen(specimen, instance.#folder)
    await mkdir(join(instance.#folder, '.tmp'))
    await instance.#run()
    return instance
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get #folder(): string {
    return join(this.#place.scratch, String(this.#place.number))
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.#run()
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    process.kill(-child.pid, 'SIGKILL')
    await exited
  }

  async #run(): Promise<void> {
    const [program = '', ...args] = this.#specimen.command
    const child = spawn(program, args, {
      cwd: this.#folder,
      env: this.#env(),
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await until(`${this.#specimen.name} listens on ${this.port}`, () => {
      if (child.exitCode !== null)
        throw new Error(`${this.#specimen.name} ended with ${child.exitCode}: ${said}`)
      return accepts(this.port)
    })
  }

  #env(): NodeJS.ProcessEnv {
    const { store, number } = this.#place
    return {
      ...process.env,
      NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      NODE_COMPILE_CACHE: join(this.#place.scratch, '..', 'compiled'),
      PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
      TMPDIR: join(this.#folder, '.tmp'),
      PORT: String(this.port),
      HOSTNAME: `instance-${number}`,
      STORE_URL: store,
      ...this.#specimen.env,
    }
  }
}

/** Below those that systems give out by themselves (ip_local_port_range), since it takes an app a while to listen. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

function accepts(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' })
  return new Promise((resolve) => {
    const settle = (isOpen: boolean) => () => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', settle(true)).once('error', settle(false))
  })
}
