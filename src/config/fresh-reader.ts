// The process that reads the configuration for `readFreshConfig`: one question, one answer, and its end.
import { isDroverError } from '../base/errors.ts'
import type { ReaderAnswer } from './fresh-read.ts'
import { readFleetConfig, type ConfigRequest } from './read.ts'

async function answer(request: ConfigRequest): Promise<ReaderAnswer> {
  try {
    return { config: await readFleetConfig(request) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { error: { code: isDroverError(error) ? error.code : undefined, message } }
  }
}

process.once('message', (request: ConfigRequest) => {
  answer(request).then(
    (said) => process.send?.(said),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
    },
  )
})
// The asker is gone, or has its answer.
process.once('disconnect', () => {
  process.exit(0)
})
