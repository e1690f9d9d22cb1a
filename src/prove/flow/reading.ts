// What a reader of flows hands over: the flow, and what it had to leave out.
import { readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { DroverError } from '../../base/errors.ts'
import type { Flow } from './flow.ts'

export interface Reading {
  readonly flow: Flow
  /** One sentence for each thing that could not be made a step of. */
  readonly skipped: readonly string[]
}

/** OPTION_INVALID in one line; `place` is `checkout.yaml:12`, or the file alone. */
export function flowError(place: string, problem: string): DroverError {
  return new DroverError('OPTION_INVALID', `${place}: ${problem.replaceAll(/\s*\n\s*/g, ' ')}`)
}

/** The text of a file of at most `limitBytes`; OPTION_INVALID where it cannot be read. */
export async function readWithin(path: string, limitBytes: number): Promise<string> {
  const { size } = await orRefuse(path, stat(path))
  if (size > limitBytes) throw flowError(path, `Cannot read ${size} bytes: wanted at most ${limitBytes}`)
  const text = await orRefuse(path, readFile(path, 'utf8'))
  return text.replace(/^\u{feff}/u, '')
}

async function orRefuse<T>(path: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing
  } catch (error) {
    throw new DroverError('OPTION_INVALID', `${path}: Cannot read it: ${reasonOf(error)}`, { cause: error })
  }
}

/** The bytes of a file that a flow sends; throws as the file system does, and where there are more than `limitBytes`. */
export function readUpload(path: string, limitBytes: number): Buffer {
  const { size } = statSync(path)
  if (size > limitBytes) throw new Error(`it has ${size} bytes: wanted at most ${limitBytes}`)
  return readFileSync(path)
}

/** Of what the file system refused, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : String(error)
}

/** The clients of steps, in the order in which they first act. */
export function actingClients(steps: Flow['steps']): readonly string[] {
  return [...new Set(steps.flatMap((step) => (step.kind === 'wait' ? [] : [step.client])))]
}
