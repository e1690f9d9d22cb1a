// Runs an app under the instrument, asks it as the driver does, and reads what was seen.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEvents } from '../../../src/prove/cause/events.ts'
import { requestHeader } from '../../../src/prove/instrument/event.ts'
import type { AppEvent } from '../../../src/prove/instrument/event.ts'
import { nodeInstrument } from '../../../src/prove/instrument/instrument.ts'
import { evidenceVariable } from '../../../src/prove/instrument/settings.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/until.ts'
import type { AppSource } from './apps.ts'

export interface SeenApp {
  /** Sends the next request, numbered; gives its number and the text of the answer. */
  ask(path: string, init?: RequestInit): Promise<{ request: number; text: string; headers: Headers }>
  events(): Promise<readonly AppEvent[]>
  /** `file:line declared, file:line written` of what a request wrote. */
  writes(request: number): Promise<readonly string[]>
  kill(): Promise<void>
}

/** `node`: another Node than this one. Packages are the project's own. */
export async function see(
  source: AppSource,
  command: readonly string[],
  node: string = process.execPath,
): Promise<SeenApp> {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'drover-app-')))
  await symlink(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(cwd, 'node_modules'))
  for (const [file, text] of Object.entries(source)) await writeFile(join(cwd, file), text)
  const port = await freePort()
  const evidence = await mkdtemp(join(tmpdir(), 'drover-seen-'))
  const { env, preload } = nodeInstrument(cwd)
  const [program = node, ...args] = command
  const child = spawn(program === 'node' ? node : program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: {
      ...process.env,
      ...env,
      PORT: String(port),
      NODE_OPTIONS: preload.map((file) => `--require ${JSON.stringify(file)}`).join(' '),
      [evidenceVariable]: evidence,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk)
    })
  }
  const origin = `http://127.0.0.1:${port}`
  const kill = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      process.kill(-child.pid, 'SIGKILL')
      await once(child, 'close')
    }
    for (const folder of [evidence, cwd]) await rm(folder, { recursive: true, force: true })
  }
  let count = 0
  const seen: SeenApp = {
    ask: async (path, init = {}) => {
      const request = ++count
      const headers = new Headers(init.headers)
      headers.set(requestHeader, String(request))
      const answer = await fetch(origin + path, { ...init, headers })
      return { request, text: await answer.text(), headers: answer.headers }
    },
    events: async () => await readEvents(evidence),
    writes: async (request) => {
      const events = await readEvents(evidence)
      const all = events.filter((each) => each.event === 'write' && each.request === request)
      return all.map(
        ({ holder, declaredAt: d, writtenAt: w }) => `${holder} ${d?.file}:${d?.line} ${w?.file}:${w?.line}`,
      )
    },
    kill,
  }
  try {
    await until(`${command.join(' ')} answers`, async () => {
      if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${output}`)
      return await fetch(origin).then(
        async (answer) => (await answer.arrayBuffer()) && true,
        () => false,
      )
    })
  } catch (error) {
    await kill()
    throw error
  }
  return seen
}
