// Which route of the app a step drives.
import type { Flow } from '../flow/flow.ts'

/** What was driven at a step, without ids: `GET /items/*`. */
export function routeOf(flow: Flow, index: number): string {
  const step = flow.steps[index]
  if (step === undefined || step.kind === 'wait') return 'wait'
  if (step.kind === 'websocket')
    return step.action.do === 'listen' ? `events of ${step.socket}` : `WS ${step.socket}`
  return routeName(step.method, step.path)
}

/** The same of a request that is no step. */
export function routeName(method: string, path: string): string {
  const parts = (path.split('?')[0] ?? '').split('/').map((part) => (isId(part) ? '*' : part))
  return `${method.toUpperCase()} ${parts.join('/')}`
}

function isId(segment: string): boolean {
  return /\$\{|^\d+$|^[\da-f-]{16,}$/i.test(segment)
}
