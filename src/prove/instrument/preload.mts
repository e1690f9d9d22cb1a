// Loaded first into each Node process of the app (NODE_OPTIONS), in the one run that looks for lines. It must never be what stops
// the app: whatever fails here, the app runs without it.
import { watchBuiltins } from './builtins.ts'
import { entryPackages } from './entry-package.ts'
import { Frames } from './frames.ts'
import { Instrumenter } from './instrumenter.ts'
import { watchLoading } from './loading.ts'
import { Packages } from './packages.ts'
import { watchRequests } from './requests.ts'
import { RouteTable } from './route-table.ts'
import { appRoot, evidenceVariable, isLauncher } from './settings.ts'
import { Sink } from './sink.ts'
import { globalName } from './site.ts'
import { SocketWatch } from './sockets.ts'
import { Tracker } from './tracker.ts'

function watch(folder: string): void {
  const root = appRoot()
  const sink = new Sink(folder, root)
  const emit = sink.emit.bind(sink)
  const instrumenter = new Instrumenter()
  const frames = new Frames(root, instrumenter.originals, entryPackages(process.argv[1]))
  const packages = new Packages({ emit, frames })
  const sockets = new SocketWatch({ emit, frames })
  const routes = new RouteTable()
  const tracker = new Tracker({ emit, arrived: packages.arrived.bind(packages) })
  Object.defineProperty(globalThis, globalName, { value: tracker })
  watchRequests({
    emit,
    answering: () => {
      tracker.flush()
    },
    telling: (chunk) => {
      sockets.wrote(chunk)
    },
    serving: (server) => {
      const known = server.listeners('request').flatMap((listener) => routes.list(listener, packages.made))
      if (known.length > 0) emit({ event: 'routes', request: 0, routes: [...new Set(known)] })
    },
  })
  watchBuiltins({
    emit,
    frames,
    holderAt: (place) => {
      const [holder, ...reads] = tracker.declaredAround(place)
      return holder === undefined ? {} : { ...holder, reads }
    },
    holderOf: (path) => tracker.holderOf(path) ?? {},
  })
  watchLoading({
    instrumenter,
    frames,
    ran: (file, exports) => {
      sockets.ran(file, exports)
      return isLayer(file) ? routes.watchLayers(exports) : packages.ran(file, exports)
    },
  })
}

function isLayer(file: string): boolean {
  return /[/\\](?:router|express\d?[/\\]lib[/\\]router)[/\\](?:lib[/\\])?layer\.js$/.test(file)
}

const evidence = process.env[evidenceVariable]
if (evidence !== undefined && !isLauncher(process.argv[1])) {
  try {
    watch(evidence)
  } catch {
    // Nothing is seen then, which is said where evidence is missing.
  }
}
