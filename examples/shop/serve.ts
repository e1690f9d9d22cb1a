// Listens on PORT, and stops as an ordinary server does: no new connections, finish what is in flight, then leave.
import { createServer, type RequestListener } from 'node:http'

export function serve(app: RequestListener, release: () => Promise<void>): void {
  const port = Number(process.env['PORT'] ?? 3000)
  const server = createServer(app)
  server.listen(port, '127.0.0.1', () => console.log(`The shop listens on port ${port}`))
  // Ends keep-alive connections too, each after the answer it waits for.
  const stop = () => server.close(() => void release())
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}
