// A balancer's own process. The primary sends the bound listening handle and the instances; when the primary is gone,
// so is this.
import { isDroverError } from '../base/errors.ts'
import { Balancer } from './balancer.ts'
import { LoadReports } from './load-reports.ts'
import type { BalancerCommand, BalancerOptions, BalancerReport } from './messages.ts'
import { Observers } from './observers.ts'

const reportIntervalMs = 100

let balancer: Balancer | undefined
let observers: Observers | undefined
const loadReports = new LoadReports()

function send(report: BalancerReport, onSent: () => void = () => undefined): void {
  if (process.connected && process.send !== undefined) process.send(report, onSent)
  else onSent()
}

function reportLoad(whole = false): void {
  if (balancer === undefined) return
  const report = loadReports.next(balancer.load(), performance.now(), whole)
  if (report !== undefined) send(report)
}

/** Somebody waits for it to end the instance: nobody has to wait for the next report. */
function release(id: string, epoch: number): void {
  balancer?.release(id, epoch, () => {
    reportLoad()
    send({ type: 'released', id, epoch })
  })
}

function notice(text: string): void {
  send({ type: 'notice', text })
}

function createBalancer(options: BalancerOptions): Balancer {
  const created = new Balancer(options, {
    random: Math.random,
    now: () => performance.now() + 1,
    observe: (record) => {
      observers?.observe(record)
    },
    notice,
  })
  observers = new Observers(() => created.state(), notice)
  return created
}

async function drain(timeoutMs: number): Promise<void> {
  const cut = (await balancer?.drain(timeoutMs)) ?? 0
  await observers?.close()
  // The last counts, so that sums over all workers never fall.
  reportLoad(true)
  send({ type: 'metrics', id: 0, metrics: observers?.metrics() ?? [] })
  send({ type: 'drained', cut })
}

async function listen(options: BalancerOptions, handle: unknown): Promise<void> {
  if (typeof handle !== 'object' || handle === null) throw new Error('no listening handle came with it')
  balancer = createBalancer(options)
  await observers?.configure(options)
  try {
    await balancer.listen(handle)
    send({ type: 'listening' })
  } catch (error) {
    const code = whyRefused(error)
    send({ type: 'refused', code }, () => {
      process.exit(1)
    })
  }
}

/** The system's code, or the sentence of an error of our own. */
function whyRefused(error: unknown): string {
  if (isDroverError(error)) return error.message
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

async function obey(command: BalancerCommand, handle: unknown): Promise<void> {
  switch (command.type) {
    case 'listen':
      await listen(command.options, handle)
      break
    case 'upstreams':
      balancer?.setUpstreams(command.upstreams)
      break
    case 'configure':
      balancer?.configure(command.options)
      await observers?.configure(command.options)
      break
    case 'metrics':
      send({ type: 'metrics', id: command.id, metrics: observers?.metrics() ?? [] })
      break
    case 'release':
      release(command.id, command.epoch)
      break
    case 'reopen-log':
      observers?.reopenLog()
      break
    case 'drain':
      await drain(command.timeoutMs)
      break
  }
}

process.on('message', (command: BalancerCommand, handle: unknown) => {
  obey(command, handle).catch((error: unknown) => {
    process.stderr.write(`balancer: cannot ${command.type}: ${String(error)}\n`)
    process.exit(1)
  })
})
process.on('disconnect', () => {
  process.exit(0)
})
// Ctrl-C reaches the whole terminal group; the primary decides when this process ends.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)
setInterval(() => {
  reportLoad()
}, reportIntervalMs)
process.on('exit', () => {
  observers?.flush()
})
