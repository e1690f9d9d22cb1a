// How many connections this machine lets a process have.
import { execFileSync } from 'node:child_process'

/** Each connection is a file; Node itself raises the soft limit to this hard one. */
export function openFilesLimit(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return text === 'unlimited' ? Infinity : Number(text)
}
