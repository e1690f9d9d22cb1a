// Listens on a free port of loopback.
import type { RequestListener } from 'node:http'
import { serveListener } from '../adapters/adapter.ts'
import type { RunningApp } from './app.ts'

export async function serve(listener: RequestListener): Promise<RunningApp> {
  const { port, close } = await serveListener(listener)
  return { url: `http://127.0.0.1:${port}`, close }
}
