// `drover up` as process 1 of a container, which a PID namespace of its own makes it: orphans are waited for, signals obeyed.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { initScript } from '../../src/cli/init.ts'
import { until } from '../support/until.ts'
import { mainPath, makeFolder } from './terminal.ts'

const serverPath = fileURLToPath(new URL('fixtures/leaves-orphans.ts', import.meta.url))

/** The words that run a command as process 1. Throws where the machine does not let them. */
function namespaceWords(): readonly string[] {
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const words = [...asRoot, '--pid', '--fork', '--kill-child', '--mount-proc']
  const { status, error, stderr } = spawnSync('unshare', [...words, 'true'], { encoding: 'utf8' })
  if (status === 0) return words
  throw new Error(
    `Cannot be process 1 here: ${error?.message ?? stderr.trim()}; wanted Linux with unshare of util-linux, and root or ` +
      'user namespaces for everybody (sysctl kernel.unprivileged_userns_clone=1)',
  )
}

interface Container {
  readonly url: string
  readonly output: () => string
  /** To process 1, from outside. */
  readonly signal: (signal: NodeJS.Signals) => void
  /** The exit code, or the signal's name. */
  readonly ended: Promise<unknown>
}

async function startContainer(t: TestContext): Promise<Container> {
  const node = [process.execPath, '--conditions=source', mainPath]
  const up = ['up', '--instances', '1', '--port', '0', '--state', await makeFolder(), '--']
  const words = [...namespaceWords(), ...node, ...up, process.execPath, serverPath]
  const child = spawn('unshare', words, {
    env: { ...process.env, 'odd.name': 'kept' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += String(text)))
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  t.after(async () => {
    // With it goes the whole namespace.
    if (child.exitCode === null) child.kill('SIGKILL')
    await ended
  })
  const url = await until('the fleet is ready', () => {
    if (child.exitCode !== null) throw new Error(`drover up ended: ${output}`)
    return output.includes('nobody notices') ? /answers on (http:\S+)/.exec(output)?.[1] : undefined
  })
  const init = onlyChildOf(child)
  return { url, output: () => output, signal: (signal) => process.kill(init, signal), ended }
}

function onlyChildOf({ pid }: ChildProcess): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
  assert.equal(children.length, 1)
  return Number(children[0])
}

/** Undefined for a process that has just ended. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

/** What the server says of the processes it has left behind, and of where it runs. */
interface Left {
  readonly orphans: readonly string[]
  readonly init: string
  readonly odd: string
}

test('as process 1: orphans that end leave no zombies, and SIGTERM stops the fleet cleanly', async (t) => {
  const { url, output, signal, ended } = await startContainer(t)
  const left = (await (await fetch(`${url}/orphans`)).json()) as Left
  assert.equal(left.orphans.length, 20)
  assert.match(left.init, /^sh/)
  assert.equal(left.odd, 'kept')
  await until('all orphans are gone', async () => {
    const answer = await fetch(`${url}/states?of=${left.orphans.join()}`)
    const states = (await answer.json()) as readonly string[]
    return states.every((state) => state === 'gone')
  })
  signal('SIGTERM')
  assert.equal(await ended, 0)
  assert.match(output(), /stopped: nothing is left running/)
})

test('as process 1: Ctrl-C stops the fleet cleanly', async (t) => {
  const { output, signal, ended } = await startContainer(t)
  signal('SIGINT')
  assert.equal(await ended, 0)
  assert.match(output(), /SIGINT: finishing what is in flight/)
})

/** What the shell of process 1 does to a program; `signals` are sent to the shell once the program says that it runs. */
async function endOf(
  t: TestContext,
  program: string,
  ...signals: readonly NodeJS.Signals[]
): Promise<unknown> {
  const child = spawn('/bin/sh', ['-c', initScript, 'drover', '/bin/sh', '-c', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { pid } = child
  t.after(() => {
    if (child.exitCode === null && pid !== undefined) process.kill(-pid, 'SIGKILL')
  })
  const ended = once(child, 'close')
  for (const signal of signals) {
    await once(child.stdout, 'data')
    child.kill(signal)
  }
  const [code] = await ended
  return code
}

test("the shell of process 1 ends with its program's status, however that ends", async (t) => {
  assert.equal(await endOf(t, 'exit 0'), 0)
  assert.equal(await endOf(t, 'exit 7'), 7)
  assert.equal(await endOf(t, 'exit 127'), 127)
  assert.equal(await endOf(t, 'kill -s KILL $$'), 128 + 9)
})

test('the shell of process 1 passes signals on, and goes on waiting', async (t) => {
  // INT and QUIT as well; but a program that is a shell could not show it, where it began with them ignored.
  for (const [name, signal] of [
    ['HUP', 'SIGHUP'],
    ['TERM', 'SIGTERM'],
    ['USR1', 'SIGUSR1'],
    ['USR2', 'SIGUSR2'],
  ] as const) {
    const program = `trap 'trap "exit 5" ${name}; echo again' ${name}; echo ready; while :; do sleep 0.01; done`
    assert.equal(await endOf(t, program, signal, signal), 5)
  }
  assert.equal(await endOf(t, 'echo ready; while :; do sleep 0.01; done', 'SIGTERM'), 128 + 15)
})
