// Runs the user's own command that restarts the store.
import { spawn } from 'node:child_process'

/** A command that takes longer is no longer waited for, and goes on: ending it might leave the store down. */
const commandTimeoutMs = 60_000
const maxErrorLength = 4_096
/** From its end until all that it wrote has been read. */
const lastWordsMs = 200

export interface CommandEnd {
  readonly isGood: boolean
  /** `exit code 3: no such service`. */
  readonly detail: string
}

/** In a group of its own: Ctrl-C must not end it half way. */
export function runCommand(command: string, timeoutMs: number = commandTimeoutMs): Promise<CommandEnd> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + String(chunk)).slice(-maxErrorLength)))
    const end = (isGood: boolean, detail: string) => {
      clearTimeout(timer)
      resolve({ isGood, detail })
    }
    const timer = setTimeout(() => {
      end(false, `still runs after ${timeoutMs / 1_000} s`)
    }, timeoutMs)
    child.once('error', (error) => {
      end(false, error.message)
    })
    child.once('exit', (code, signal) => {
      const tell = () => {
        end(code === 0, code === 0 ? 'done' : withLastLine(signal ?? `exit code ${code}`, stderr))
      }
      child.once('close', tell)
      // A server that the command leaves behind may hold the pipe.
      setTimeout(tell, lastWordsMs)
    })
  })
}

function withLastLine(what: string, stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return last === '' ? what : `${what}: ${last}`
}
