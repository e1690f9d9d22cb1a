// Instances in the test's own process, in whatever environment the test wants.
import type { TestContext } from 'node:test'
import { appServer } from '../../../src/instance/app.ts'
import type { App } from '../../../src/instance/app.ts'
import { Instance } from '../../../src/instance/instance.ts'
import { readSettings } from '../../../src/instance/options.ts'
import type { ServeOptions } from '../../../src/instance/options.ts'

type Environment = Readonly<Record<string, string>>

/** As `drover up` starts instances. */
export const underDrover: Environment = { DROVER_INSTANCE: '1', DROVER_MARKER: 'secret-word' }
/** As Kubernetes does. */
export const elsewhere: Environment = { NODE_ENV: 'production' }

/** On a port that the system chooses, without signals; closed with the test. */
export function startServed(
  t: TestContext,
  app: App,
  options: ServeOptions = {},
  env: Environment = elsewhere,
): Instance {
  const given = { port: 0, host: '127.0.0.1', signals: false, ...options }
  const instance = new Instance(appServer(app), readSettings(given, env))
  instance.start()
  t.after(async () => {
    instance.server.closeAllConnections()
    await instance.close().catch(() => undefined)
  })
  return instance
}
