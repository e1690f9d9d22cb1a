// The app's route table, as its framework told it.
import type { AppEvent } from '../instrument/event.ts'

/** `GET /cart/:id`, each once; undefined: no framework was found that tells. The last table is the fullest. */
export function routesIn(events: readonly AppEvent[]): readonly string[] | undefined {
  return events.findLast(({ event }) => event === 'routes')?.routes
}

/** Of a table, those that no driven request (`GET /cart/7?x=1`) reaches; what has a method for all counts as reached by any. */
export function undrivenRoutes(routes: readonly string[], driven: readonly string[]): readonly string[] {
  const requests = driven.map((request) => parts(request.split('?', 1)[0] ?? ''))
  return routes.filter((route) => {
    const { method, path } = parts(route)
    const pattern = patternOf(path)
    return !requests.some(
      (request) => (method === 'ALL' || method === request.method) && pattern.test(request.path),
    )
  })
}

function parts(request: string): { readonly method: string; readonly path: string } {
  const [method = '', path = ''] = request.split(' ', 2)
  return { method, path: path.length > 1 ? path.replace(/\/$/, '') : path }
}

/** `:name`, `:name(\d+)`, `:name?`, `{/:name}`, `*` and `*name`, as Express, Fastify, Hono and Koa write them. */
function patternOf(path: string): RegExp {
  const source = path
    .replaceAll(/[.+^$|\\]/g, String.raw`\$&`)
    .replaceAll(/\/:[\w-]+(?:\([^)]*\)|\{[^}]*\})?\?/g, '(?:/[^/]+)?')
    .replaceAll(/:[\w-]+(?:\([^)]*\))?/g, '[^/]+')
    .replaceAll(/\*\w*/g, '.*')
    .replaceAll('{', '(?:')
    .replaceAll('}', ')?')
  try {
    return new RegExp(`^${source}$`, 'i')
  } catch {
    return /^$/
  }
}
