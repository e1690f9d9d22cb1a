// The routes that the app's framework knows, told as each server takes its first request: by then all are there.
import diagnostics from 'node:diagnostics_channel'
import { isObject } from './owners.ts'

/** What the app made of a package. */
export interface Made {
  readonly value: object
  readonly from: string
}

export class RouteTable {
  /** Express keeps of a layer's path only a pattern, or nothing. */
  readonly #paths = new WeakMap<object, string>()
  readonly #fastify = new Set<string>()

  constructor() {
    diagnostics.subscribe('fastify.initialization', (message) => {
      if (isObject(message)) this.#watchFastify(Reflect.get(message, 'fastify'))
    })
  }

  #watchFastify(fastify: unknown): void {
    if (!isObject(fastify)) return
    const addHook: unknown = Reflect.get(fastify, 'addHook')
    if (typeof addHook !== 'function') return
    const onRoute = (route: unknown): void => {
      if (!isObject(route)) return
      const path = String(Reflect.get(route, 'url'))
      for (const method of methodNames([Reflect.get(route, 'method')].flat()))
        if (method !== 'HEAD') this.#fastify.add(`${method} ${path}`)
    }
    Reflect.apply(addHook, fastify, ['onRoute', onRoute])
  }

  /** The class of Express's layers, of version 4 and 5, in a shape that remembers their paths. */
  watchLayers(layer: unknown): unknown {
    if (typeof layer !== 'function') return layer
    const paths = this.#paths
    return new Proxy(layer, {
      construct(target, args: unknown[], newTarget) {
        const made: object = Reflect.construct(target, args, newTarget)
        if (typeof args[0] === 'string') paths.set(made, args[0])
        return made
      },
    })
  }

  /** `GET /cart/:id`, each once, in the order of the table. `listener`: what the server calls for each request. */
  list(listener: unknown, made: readonly Made[]): readonly string[] {
    const routes = new Set<string>(this.#fastify)
    if (isObject(listener)) this.#express(listener, '', routes, 0)
    for (const { value, from } of made) {
      if (from === 'express' && isApp(value)) this.#express(value, '', routes, 0)
      else if (from === 'hono' || from.startsWith('@hono/')) honoRoutes(value, routes)
      else if (from === '@koa/router' || from === 'koa-router') koaRoutes(value, routes)
    }
    return [...routes]
  }

  #express(app: object, prefix: string, routes: Set<string>, depth: number): void {
    const stack = stackOf(app)
    if (depth > 10) return
    for (const layer of stack) {
      if (!isObject(layer)) continue
      const path = this.#paths.get(layer) ?? ''
      const route: unknown = Reflect.get(layer, 'route')
      const handle: unknown = Reflect.get(layer, 'handle')
      if (isObject(route)) expressRoute(route, prefix, routes)
      else if (isObject(handle)) this.#express(handle, joined(prefix, path), routes, depth + 1)
    }
  }
}

/** Routers, and apps in apps, are listed where they are mounted. */
function isApp(value: object): boolean {
  return typeof Reflect.get(value, 'listen') === 'function' && Reflect.get(value, 'parent') === undefined
}

function stackOf(app: object): readonly unknown[] {
  for (const holder of [app, ownValue(app, '_router'), ownValue(app, 'router')]) {
    const stack = isObject(holder) ? ownValue(holder, 'stack') : undefined
    if (Array.isArray(stack)) return stack
  }
  return []
}

/** Express 4 has a getter `router` that throws; Express 5's makes the router, which is there by now. */
function ownValue(object: object, name: string): unknown {
  try {
    return Reflect.get(object, name)
  } catch {
    return undefined
  }
}

function expressRoute(route: object, prefix: string, routes: Set<string>): void {
  const methods: unknown = Reflect.get(route, 'methods')
  const paths: unknown[] = [Reflect.get(route, 'path')].flat()
  if (!isObject(methods)) return
  for (const method of methodNames(Object.keys(methods)))
    for (const path of paths) routes.add(`${method} ${joined(prefix, String(path))}`)
}

const everyMethod = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Frameworks keep a route for all methods as some thirty of them: `ALL` is one route. */
export function methodNames(methods: readonly unknown[]): readonly string[] {
  const names = methods.map((method) => String(method).toUpperCase())
  return names.includes('_ALL') || everyMethod.every((method) => names.includes(method)) ? ['ALL'] : names
}

function joined(prefix: string, path: string): string {
  const whole = `${prefix}/${path}`.replaceAll(/\/+/g, '/')
  return whole.length > 1 ? whole.replace(/\/$/, '') : whole
}

function honoRoutes(app: object, routes: Set<string>): void {
  const known: unknown = Reflect.get(app, 'routes')
  if (!Array.isArray(known)) return
  // Middleware stands in the same list, for every method and with a wildcard.
  for (const route of known.filter(isObject)) {
    const path = String(Reflect.get(route, 'path'))
    const method = String(Reflect.get(route, 'method'))
    if (method !== 'ALL' || !path.endsWith('*')) routes.add(`${method} ${path}`)
  }
}

function koaRoutes(router: object, routes: Set<string>): void {
  const stack: unknown = Reflect.get(router, 'stack')
  if (!Array.isArray(stack)) return
  for (const layer of stack.filter(isObject)) {
    const methods: unknown = Reflect.get(layer, 'methods')
    if (!Array.isArray(methods)) continue
    for (const method of methodNames(methods))
      if (method !== 'HEAD') routes.add(`${method} ${String(Reflect.get(layer, 'path'))}`)
  }
}
