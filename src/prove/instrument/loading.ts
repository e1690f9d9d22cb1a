// Stands where Node loads modules: CommonJS as it is compiled, whoever compiled it to JavaScript before; ES modules as they are read.
import module from 'node:module'
import type { LoadFnOutput, LoadHookContext } from 'node:module'
import { runAsBoot } from './context.ts'
import type { Frames } from './frames.ts'
import { pathOf } from './frames.ts'
import type { Instrumenter } from './instrumenter.ts'
import type { Format, Language } from './syntax.ts'

/** Node's own way to compile a CommonJS module. What ts-node, tsx and their like compile comes through it too. */
interface Compiling {
  exports: unknown
}

export interface LoadingPorts {
  readonly instrumenter: Instrumenter
  readonly frames: Frames
  /** A CommonJS module of a package was run; what is returned takes the place of its exports. */
  readonly ran: (file: string, exports: unknown) => unknown
}

export function watchLoading(ports: LoadingPorts): void {
  watchCommonJs(ports)
  if (typeof module.registerHooks === 'function') {
    module.registerHooks({
      load(url, context, nextLoad) {
        return rewritten(url, nextLoad(url, context), context, ports)
      },
    })
    return
  }
  // Before Node 22.15 hooks live in a thread of their own.
  module.register(new URL('./thread-hooks.js', import.meta.url))
}

function watchCommonJs({ instrumenter, frames, ran }: LoadingPorts): void {
  const prototype: unknown = module.prototype
  if (typeof prototype !== 'object' || prototype === null || !('_compile' in prototype)) return
  const compile = prototype._compile
  if (typeof compile !== 'function') return
  prototype._compile = function (
    this: Compiling,
    content: unknown,
    file: unknown,
    ...rest: unknown[]
  ): unknown {
    if (typeof content !== 'string' || typeof file !== 'string')
      return Reflect.apply(compile, this, [content, file, ...rest])
    const isModule = rest[0] === 'module' || rest[0] === 'module-typescript'
    const source =
      frames.isOwn(file) && !file.endsWith('.json')
        ? instrumenter.instrument(content, file, isModule ? 'module' : 'commonjs', 'js')
        : content
    const run = (): unknown => Reflect.apply(compile, this, [source, file, ...rest])
    const result = frames.isOwn(file) ? runAsBoot(run) : run()
    if (!frames.isOwn(file)) replaceExports(this, ran(file, this.exports))
    return result
  }
}

function replaceExports(module_: Compiling, exports: unknown): void {
  if (module_.exports === exports) return
  try {
    module_.exports = exports
  } catch {
    // Some modules let nobody change what they export.
  }
}

/** What a load hook gives back, with the app's own ES modules rewritten. */
export function rewritten(
  url: string,
  loaded: LoadFnOutput,
  context: LoadHookContext,
  { instrumenter, frames }: Pick<LoadingPorts, 'instrumenter' | 'frames'>,
): LoadFnOutput {
  const file = pathOf(url.split('?', 1)[0])
  const format = formatOf(loaded.format ?? context.format ?? undefined, file)
  if (
    file === undefined ||
    format === undefined ||
    !frames.isOwn(file) ||
    loaded.source === undefined ||
    loaded.source === null
  )
    return loaded
  const source = textOf(loaded.source)
  const language: Language = /\.[cm]?tsx?$/.test(file) ? 'ts' : 'js'
  const result = instrumenter.instrument(source, file, format, language)
  return result === source ? loaded : { ...loaded, source: result }
}

function textOf(source: NonNullable<LoadFnOutput['source']>): string {
  if (typeof source === 'string') return source
  return new TextDecoder().decode(source)
}

/** CommonJS is rewritten as it is compiled. */
function formatOf(format: string | undefined, file: string | undefined): Format | undefined {
  if (format === 'module' || format === 'module-typescript') return 'module'
  return format === undefined && file?.endsWith('.mjs') === true ? 'module' : undefined
}
