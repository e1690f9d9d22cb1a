// Where in the app's own code something was called from.
import { findSourceMap } from 'node:module'
import { isAbsolute, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Place } from './event.ts'

export interface Frame {
  /** The app's innermost own line; undefined: only packages are on the stack. */
  readonly place: Place | undefined
  /** The package that was called there and did it; undefined: the app itself. */
  readonly package: string | undefined
  /** The innermost line of module code that led here, when that is not `place`: what is made there may stay in a variable. */
  readonly module: Place | undefined
}

const depth = 60

export class Frames {
  readonly #root: string
  readonly #originals: Map<string, (line: number, column: number) => Place | undefined>
  readonly #isApp: (name: string) => boolean

  /**
   * `root`: the app's folder. `originals`: places in the sources of files that were compiled, by path. `isApp`: whether a package is the
   * app itself.
   */
  constructor(
    root: string,
    originals: Map<string, (line: number, column: number) => Place | undefined>,
    isApp: (name: string) => boolean = () => false,
  ) {
    this.#root = root
    this.#originals = originals
    this.#isApp = isApp
  }

  isOwn(file: string): boolean {
    if (isOwnFile(this.#root, file)) return true
    const name = packageIn(file)
    return name !== undefined && this.#isApp(name)
  }

  here(): Frame {
    let package_: string | undefined
    let place: Place | undefined
    for (const site of callSites()) {
      const file = pathOf(site.getFileName())
      const line = site.getLineNumber()
      if (file === undefined || line === null) continue
      if (!this.isOwn(file)) {
        if (place === undefined) package_ = packageIn(file) ?? package_
        continue
      }
      const own = this.#original(file, line, site.getColumnNumber() ?? 1)
      place ??= own
      if (isModuleCode(site)) return { place, package: package_, module: own }
    }
    return { place, package: package_, module: undefined }
  }

  #original(file: string, line: number, column: number): Place {
    const known = this.#originals.get(file)?.(line, column)
    if (known !== undefined) return known
    const entry = findSourceMap(file)?.findEntry(line - 1, column - 1)
    if (entry === undefined || !('originalSource' in entry)) return { file, line }
    return { file: pathOf(entry.originalSource) ?? file, line: entry.originalLine + 1 }
  }
}

/** Functions without a name count too: at boot they are mostly called where they stand. */
function isModuleCode(site: NodeJS.CallSite): boolean {
  const name = site.getFunctionName()
  return name === null || name === '' || name === '<anonymous>'
}

function callSites(): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error
  const own = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  let sites: readonly NodeJS.CallSite[] = []
  Error.stackTraceLimit = depth
  Error.prepareStackTrace = (_, found) => {
    sites = found
    return ''
  }
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, callSites)
  // Reading it is what fills `sites`.
  void holder.stack
  Error.stackTraceLimit = stackTraceLimit
  if (own === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
  else Object.defineProperty(Error, 'prepareStackTrace', own)
  return sites
}

/** Whether it is the app's own source and no package of its. */
export function isOwnFile(root: string, file: string): boolean {
  const path = relative(root, file)
  return (
    path !== '' &&
    !path.startsWith('..') &&
    !isAbsolute(path) &&
    !/(?:^|[/\\])(?:node_modules|\.yarn)[/\\]/.test(path)
  )
}

export function pathOf(name: string | null | undefined): string | undefined {
  if (name === null || name === undefined) return undefined
  if (!name.startsWith('file:')) return isAbsolute(name) ? name : undefined
  try {
    return fileURLToPath(name)
  } catch {
    return undefined
  }
}

/** `@scope/name` or `name` of a file in node_modules. */
export function packageIn(file: string): string | undefined {
  const [, name] = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file) ?? []
  return name?.replace('\\', '/')
}
