// serve: an app becomes an instance that balancers can trust.
import { appServer } from './app.ts'
import type { App } from './app.ts'
import { Instance } from './instance.ts'
import type { ServedInstance } from './served-instance.ts'
import { readSettings } from './options.ts'
import type { ServeOptions } from './options.ts'

/**
 * Listens, answers health questions, and leaves without losing a request: at SIGTERM, at `close()`, under `drover up` or behind any
 * other balancer. Throws OPTION_INVALID for an app or an option that cannot be used. `ready` of what it returns rejects with
 * PORT_TAKEN when another process has the port, with PEER_MISSING for a fetch app without `@hono/node-server`, and with what
 * the app's own start rejects with; nobody handling that ends the process, as it should.
 */
export function serve(app: App, options: ServeOptions = {}): ServedInstance {
  const settings = readSettings(options, process.env)
  const instance = new Instance(appServer(app), settings)
  instance.start()
  return instance
}
