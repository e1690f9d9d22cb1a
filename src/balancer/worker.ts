// A balancer's own process. The primary sends the bound listening handle and the instances; when the primary is gone,
// so is this.
import { Balancer } from './balancer.ts'
import type { BalancerCommand, BalancerOptions, BalancerReport } from './messages.ts'

const reportIntervalMs = 100

let balancer: Balancer | undefined
let lastLoad = ''

function send(report: BalancerReport, onSent: () => void = () => undefined): void {
  if (process.connected && process.send !== undefined) process.send(report, onSent)
  else onSent()
}

function reportLoad(): void {
  if (balancer === undefined) return
  const load = balancer.load()
  const text = JSON.stringify(load)
  if (text === lastLoad) return
  lastLoad = text
  send(load)
}

async function listen(options: BalancerOptions, handle: unknown): Promise<void> {
  if (typeof handle !== 'object' || handle === null) throw new Error('no listening handle came with it')
  balancer = new Balancer(options, { random: Math.random, now: () => performance.now() + 1 })
  try {
    await balancer.listen(handle)
    send({ type: 'listening' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    send({ type: 'refused', code }, () => {
      process.exit(1)
    })
  }
}

async function obey(command: BalancerCommand, handle: unknown): Promise<void> {
  switch (command.type) {
    case 'listen':
      await listen(command.options, handle)
      break
    case 'upstreams':
      balancer?.setUpstreams(command.upstreams)
      break
    case 'drain':
      send({ type: 'drained', cut: (await balancer?.drain(command.timeoutMs)) ?? 0 })
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
setInterval(reportLoad, reportIntervalMs)
