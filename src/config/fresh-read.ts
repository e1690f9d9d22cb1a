// Reads the configuration again, in a process of its own: a module is loaded only once in a process, with all that it
// imports, and a config file that hangs or crashes must not take a running fleet with it.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DroverError, isErrorCode } from '../base/errors.ts'
import type { FleetConfig } from './options.ts'
import type { ConfigRequest } from './read.ts'

const readerPath = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? 'fresh-reader.ts' : 'fresh-reader.js', import.meta.url),
)
const defaultTimeoutMs = 10_000

/** What the reader says, once. */
export type ReaderAnswer =
  | { readonly config: FleetConfig }
  | { readonly error: { readonly code: string | undefined; readonly message: string } }

/** As `readFleetConfig`, but never from what was loaded before. Throws OPTION_INVALID also when it takes too long. */
export async function readFreshConfig(
  request: ConfigRequest,
  timeoutMs: number = defaultTimeoutMs,
): Promise<FleetConfig> {
  const reader = fork(readerPath, [], {
    cwd: request.currentDir,
    env: { ...request.environment },
    // As this process resolves imports, but without its debugger's port.
    execArgv: process.execArgv.filter((flag) => !flag.startsWith('--inspect')),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Keeps `undefined`, by which a variable is taken away.
    serialization: 'advanced',
  })
  const timer = setTimeout(() => reader.kill('SIGKILL'), timeoutMs)
  try {
    return resultOf(await answerOf(reader, request))
  } finally {
    clearTimeout(timer)
    reader.kill('SIGKILL')
  }
}

function answerOf(reader: ChildProcess, request: ConfigRequest): Promise<ReaderAnswer | undefined> {
  return new Promise((resolve, reject) => {
    reader.once('error', reject)
    reader.once('message', (answer: ReaderAnswer) => {
      resolve(answer)
    })
    reader.once('close', () => {
      resolve(undefined)
    })
    reader.send({ ...request, environment: { ...request.environment } })
  })
}

function resultOf(answer: ReaderAnswer | undefined): FleetConfig {
  if (answer === undefined)
    throw new DroverError('OPTION_INVALID', 'Cannot read the configuration: it did not come to an end')
  if ('config' in answer) return Object.freeze(answer.config)
  const { code, message } = answer.error
  throw code !== undefined && isErrorCode(code) ? new DroverError(code, message) : new Error(message)
}
