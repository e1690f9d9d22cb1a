// What a failed call means: the SDK's error may lie below that of the storage library.
import { DroverError } from '../../base/errors.ts'

/** The first error of the chain of causes that is one of ours; so a refused content is told as what it is. */
export function ownError(error: unknown): DroverError | undefined {
  return chainOf(error).find((one) => one instanceof DroverError)
}

/** The HTTP status that the server answered; undefined when it gave none. */
export function statusOf(error: unknown): number | undefined {
  return metadataOf(error, 'httpStatusCode')
}

/** Whether the SDK had sent the request before, so that this answer may be to what an earlier one has done. */
export function isRepeated(error: unknown): boolean {
  return (metadataOf(error, 'attempts') ?? 1) > 1
}

function metadataOf(error: unknown, name: string): number | undefined {
  for (const one of chainOf(error)) {
    const metadata: unknown = Reflect.get(one, '$metadata')
    const value: unknown =
      typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, name) : undefined
    if (typeof value === 'number') return value
  }
  return undefined
}

/** The error to give on: ours as it is, all else as an outage with its cause. */
export function outage(error: unknown): DroverError {
  return (
    ownError(error) ??
    new DroverError('STORE_UNAVAILABLE', 'Cannot reach the bucket of files', { cause: error })
  )
}

function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let one = error; one instanceof Error && chain.length < 8; one = one.cause) chain.push(one)
  return chain
}
