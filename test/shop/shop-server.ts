// One server of an example shop, started as its own process on a free port.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from '../support/fleet.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'

export interface ShopServer {
  readonly url: string
  /** What it has printed so far. */
  output(): string
  /** Ends it with SIGTERM and answers its exit code. Idempotent. */
  stop(): Promise<number | null>
}

export interface ShopServerOptions {
  readonly program: 'examples/shop/server.ts' | 'examples/shop-stateful/server.ts'
  readonly env: Readonly<Record<string, string>>
}

/** Resolves once the server says that it is healthy. */
export async function startShop({ program, env }: ShopServerOptions): Promise<ShopServer> {
  const port = await freePort()
  const child = spawn(process.execPath, ['--conditions=source', join(root, program)], {
    cwd: root,
    // As a test it leaves at once: there is no balancer that would have to notice first.
    env: { ...process.env, NODE_ENV: 'test', PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => (output += String(chunk)))
  const closed = once(child, 'close')
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await closed
    return child.exitCode
  }
  try {
    await until('the shop is healthy', () => {
      if (child.exitCode !== null)
        throw new Error(`Cannot start the shop: it ended with ${child.exitCode}\n${output}`)
      return isHealthy(url)
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { url, output: () => output, stop }
}

async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health`).catch(() => undefined)
  await response?.arrayBuffer()
  return response?.ok === true
}
