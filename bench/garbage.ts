// Collects this process's garbage now: before memory is weighed, or so that no collection falls into a measurement.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: unknown

export function collectGarbage(): void {
  call()
}

/** Gives back the free pages too, and what only speeds up: what remains is what the program holds. */
export function shrinkToHeld(): void {
  call({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

function call(...options: readonly object[]): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc')
  }
  if (typeof collect !== 'function') throw new Error('Cannot collect garbage: V8 gives no function for it')
  Reflect.apply(collect, undefined, options)
}
