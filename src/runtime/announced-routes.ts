// Which routes enforce idempotency keys on every instance: a repeat may reach any of them, so one that is silent takes the licence (R1).
import type { AnnouncedRoute } from '../base/instance-telemetry.ts'

interface MethodOfRoute {
  readonly path: string
  readonly method: string
  readonly mint: boolean
}

/**
 * The routes that every instance announces, by path and method as they are written: a prefix on one does not cover a path of another.
 * In the order of the first instance, since the first route that fits a request decides whether keys are minted; they are only where
 * every instance says so. Of no instances, none.
 */
export function commonRoutes(instances: readonly (readonly AnnouncedRoute[])[]): readonly AnnouncedRoute[] {
  const [first, ...others] = instances.map(byMethod)
  if (first === undefined) return []
  const common = [...first].flatMap(([key, one]) => {
    const same = others.map((methods) => methods.get(key))
    if (same.includes(undefined)) return []
    return [{ ...one, mint: one.mint && same.every((other) => other?.mint === true) }]
  })
  return joined(common)
}

/** An instance's first word on a method and path is the one that counts. */
function byMethod(routes: readonly AnnouncedRoute[]): ReadonlyMap<string, MethodOfRoute> {
  const methods = new Map<string, MethodOfRoute>()
  for (const { path, methods: names, mint } of routes) {
    for (const method of names) {
      const key = `${method} ${path}`
      if (!methods.has(key)) methods.set(key, { path, method, mint })
    }
  }
  return methods
}

/** Neighbours that differ only in their method are one route. */
function joined(methods: readonly MethodOfRoute[]): readonly AnnouncedRoute[] {
  const routes: { path: string; methods: string[]; mint: boolean }[] = []
  for (const { path, method, mint } of methods) {
    const last = routes.at(-1)
    if (last?.path === path && last.mint === mint) last.methods.push(method)
    else routes.push({ path, methods: [method], mint })
  }
  return routes
}
