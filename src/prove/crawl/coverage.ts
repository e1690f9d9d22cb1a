// Which of the app's routes a flow drove, and which no step reached.
import type { Coverage } from '../finding.ts'
import type { Flow, Step } from '../flow/flow.ts'
import { requestPath, substitute } from '../flow/variables.ts'
import type { Trace } from '../trace.ts'
import { bestPattern, foldPath, parseRoute, type Route } from './routes.ts'

/**
 * `known`: the framework's routes, such as `GET /orders/:id`; undefined: not known, so that only what was driven can be told. A step that got no
 * answer in `trace` drove nothing; without a trace all steps count.
 */
export function coverageOf(flow: Flow, known: readonly string[] | undefined, trace?: Trace): Coverage {
  const routes = known?.map(parseRoute)
  const driven = new Set<string>()
  for (const { method, path } of askedBy(flow, trace)) driven.add(nameOf(method, path, routes ?? []))
  const all = routes?.map(({ method, path }) => `${method} ${path}`)
  const undriven = all?.filter((name) => !driven.has(name))
  return {
    driven: [...driven].toSorted(),
    undriven: undriven === undefined ? undefined : [...new Set(undriven)].toSorted(),
  }
}

function askedBy(flow: Flow, trace: Trace | undefined): readonly Route[] {
  const seen = new Map(trace?.observations.map((observation) => [observation.step, observation]))
  const captured: Record<string, string> = {}
  return flow.steps.flatMap((step, index) => {
    const observation = seen.get(index)
    if (trace !== undefined && (observation === undefined || observation.status === 0)) return []
    const asked = routeOf(step, captured)
    Object.assign(captured, observation?.captured)
    return asked === undefined ? [] : [asked]
  })
}

function routeOf(step: Step, captured: Readonly<Record<string, string>>): Route | undefined {
  if (step.kind === 'wait' || (step.kind === 'websocket' && step.action.do !== 'connect')) return undefined
  if (step.kind === 'http') return { method: step.method.toUpperCase(), path: pathOf(step.path, captured) }
  return step.action.do === 'connect' ? { method: 'WS', path: pathOf(step.action.path, captured) } : undefined
}

function pathOf(written: string, captured: Readonly<Record<string, string>>): string {
  const path = substitute(written, captured)
  return path.startsWith('${') ? path : requestPath(path)
}

/** A captured path that no run has shown stays as it is written: `GET ${location}`. */
function nameOf(method: string, path: string, routes: readonly Route[]): string {
  if (!path.startsWith('/')) return `${method} ${path}`
  const best = bestPattern(routes, method, path)
  return best === undefined ? `${method} ${foldPath(path)}` : `${best.method} ${best.path}`
}
