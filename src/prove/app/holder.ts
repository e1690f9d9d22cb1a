// A process that does nothing but keep namespaces: they and all mounts in them vanish with it and with whoever entered them. It ends
// by itself when its standard input does, so that a proof that was killed leaves none behind.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Holder {
  readonly pid: number
  /** What its script said before it was ready. */
  readonly said: readonly string[]
  close(): Promise<void>
}

export const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin'

/** Runs a shell script in the namespaces that `enter` makes, and keeps them once it has come to its end. Rejects with what it complained of. */
export async function hold(enter: readonly string[], script: string): Promise<Holder> {
  const [program = '', ...args] = enter
  const whole = `set -e\n${script}\necho ready\nIFS= read -r _ || :\n`
  const child = spawn(program, [...args, 'sh', '-c', whole, 'drover-holder'], {
    detached: true,
    cwd: '/',
    env: { PATH: systemPath, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // It may have ended already: then its exit has told.
  child.stdin.on('error', () => undefined)
  const said = await untilReady(child)
  const { pid } = child
  if (pid === undefined) throw new Error(`Cannot start ${program}`)
  return { pid, said, close: () => end(child) }
}

/** Rejects when it ends before it is ready. */
function untilReady(child: ChildProcess): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    let output = ''
    let complaints = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/^ready$/m.test(output))
        resolve(output.split('\n').filter((line) => line !== '' && line !== 'ready'))
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints += chunk.toString()
    })
    child.once('error', reject)
    child.once('close', (code) => {
      reject(new Error(complaints.trim().split('\n')[0] || `exit code ${code}`))
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.stdin?.end()
  await exited
}

/** As one word of a shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
