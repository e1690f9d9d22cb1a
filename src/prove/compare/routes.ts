// Which route of the app a step drives.
import type { Flow } from '../flow/flow.ts'

/** What was driven at a step, without ids: `GET /items/*`. */
export function routeOf(flow: Flow, index: number): string {
  const step = flow.steps[index]
  if (step === undefined || step.kind === 'wait') return 'wait'
  if (step.kind === 'websocket') return `WS ${step.socket}`
  const path = (step.path.split('?')[0] ?? '').split('/').map((part) => (isId(part) ? '*' : part))
  return `${step.method.toUpperCase()} ${path.join('/')}`
}

function isId(segment: string): boolean {
  return /\$\{|^\d+$|^[\da-f-]{16,}$/i.test(segment)
}
