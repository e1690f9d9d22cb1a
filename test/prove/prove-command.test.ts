// `drover prove` around its pipeline: what is printed and written for each verdict, and the exit code.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DroverError } from '../../src/base/errors.ts'
import { exitCodeOf, failureLine } from '../../src/cli/failure.ts'
import { proveCommand } from '../../src/cli/prove.ts'
import type { Prove, ProveRequest } from '../../src/prove/request.ts'
import { recordedPrinter } from '../support/recorded-printer.ts'
import { cleanShop, statefulShop, undecidedShop } from './sample-proof.ts'

let folder: string
const app = ['--', 'node', 'server.js']

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-prove-command-'))
})

after(async () => {
  await rm(folder, { recursive: true })
})

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function call(args: readonly string[], prove: Prove): Promise<Outcome> {
  const printer = recordedPrinter()
  const context = { printer, program: 'drover', environment: {}, currentDir: folder }
  const command = proveCommand(context, prove)
  // Its help ends each line itself.
  const writeOut = (text: string) => {
    printer.out(text.replace(/\n$/, ''))
  }
  command.exitOverride().configureOutput({ writeOut, writeErr: () => undefined })
  let code = 0
  try {
    await command.parseAsync(args, { from: 'user' })
  } catch (error) {
    code = exitCodeOf(error)
    const line = failureLine(error, 'drover')
    if (line !== undefined) printer.err(line)
  }
  return { code, stdout: printer.stdout(), stderr: printer.stderr() }
}

function finding(run: Awaited<ReturnType<Prove>>): Prove {
  return (_, { onProgress }) => {
    onProgress({ phase: 'baseline', run: 1, mode: 'single', step: 0, steps: 2 })
    return Promise.resolve(run)
  }
}

const unasked: Prove = () => Promise.reject(new Error('nothing was to be proven'))

test('no divergence is exit code 0, stateful 1, could not judge 2', async () => {
  for (const [run, code, words] of [
    [cleanShop, 0, /^No divergence in 5 schedules/],
    [statefulShop, 1, /^Stateful: 2 answers/],
    [undecidedShop, 2, /^Could not judge: The app did not start/],
  ] as const) {
    const outcome = await call(app, finding(run))
    assert.equal(outcome.code, code)
    assert.match(outcome.stdout, words)
    assert.equal(outcome.stderr, 'run 1, one instance alone\n')
  }
})

test('--json prints JSON and nothing else, with the same exit code', async () => {
  const { code, stdout, stderr } = await call(['--json', ...app], finding(statefulShop))
  assert.equal(code, 1)
  assert.equal(stderr, '')
  assert.equal((JSON.parse(stdout) as { verdict: string }).verdict, 'stateful')
})

test('reports are written where they were asked for, and nothing else is', async () => {
  const asked = ['--html', 'r.html', '--sarif', 'r.sarif', '--junit', 'r.xml']
  const { stdout } = await call([...asked, ...app], finding(statefulShop))
  assert.match(stdout, /\nwrote r\.html\nwrote r\.sarif\nwrote r\.xml\n$/)
  assert.deepEqual((await readdir(folder)).toSorted(), ['r.html', 'r.sarif', 'r.xml'])
  assert.match(await readFile(join(folder, 'r.html'), 'utf8'), /^<!doctype html>/)
  assert.equal(
    (JSON.parse(await readFile(join(folder, 'r.sarif'), 'utf8')) as { version: string }).version,
    '2.1.0',
  )
  assert.match(await readFile(join(folder, 'r.xml'), 'utf8'), /^<\?xml /)
})

test('what goes wrong in Drover itself is no verdict about the app', async () => {
  const { code, stdout } = await call(app, () => Promise.reject(new TypeError('x is not a function')))
  assert.equal(code, 2)
  assert.match(stdout, /^Could not judge: x is not a function\n/)
})

test('a flow that is none ends in its own line', async () => {
  const wrong = new DroverError('OPTION_INVALID', 'f.yaml:3: Cannot use methd')
  const { code, stdout, stderr } = await call(app, () => Promise.reject(wrong))
  assert.deepEqual([code, stdout, stderr], [2, '', 'f.yaml:3: Cannot use methd\n'])
})

test('wrong usage is told before anything is started', async () => {
  const { code, stdout, stderr } = await call([], unasked)
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /^Cannot prove anything without an app: .*\n$/)
})

test('Ctrl-C ends the proof, with what it has started, and is no verdict', async () => {
  // Only the command is to hear it: node:test listens too, and would end the run.
  const others = process.listeners('SIGINT')
  const prove: Prove = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('stopped'))
      })
      for (const listener of process.listeners('SIGINT')) if (!others.includes(listener)) listener('SIGINT')
    })
  const { code, stdout, stderr } = await call(app, prove)
  assert.deepEqual([code, stdout, stderr], [2, '', 'interrupted: nothing was judged\n'])
  assert.deepEqual(process.listeners('SIGINT'), others)
})

test('everything after -- is the command, its own flags too', async () => {
  let seen: ProveRequest | undefined
  const prove: Prove = (request) => {
    seen = request
    return Promise.resolve(cleanShop)
  }
  await call(['--seed', '3', '--', 'npm', 'start', '--', '--seed', '4'], prove)
  assert.deepEqual(seen?.app.command, ['npm', 'start', '--', '--seed', '4'])
  assert.equal(seen.seed, 3)
})

test('--explain lists the kinds, or tells of one; a word that is none is wrong usage', async () => {
  const list = await call(['--explain'], unasked)
  assert.equal(list.code, 0)
  assert.match(list.stdout, /^in-memory-session +Session in memory\n/)
  const one = await call(['--explain', 'local-sqlite'], unasked)
  assert.match(one.stdout, /^SQLite database on the local disk {2}\(local-sqlite\)\n/)
  const none = await call(['--explain', 'sqlite'], unasked)
  assert.equal(none.code, 2)
})

test('--help shows all options in groups, examples and exit codes', async () => {
  const { code, stdout } = await call(['--help'], unasked)
  assert.equal(code, 0)
  const flags =
    'flow har openapi tests targets cwd before reset env ready seed schedules timeout html json sarif junit explain'
  for (const flag of flags.split(' ')) assert.match(stdout, new RegExp(`^  (?:-e, )?--${flag}\\b`, 'm'))
  assert.match(stdout, /Examples:\n {2}drover prove -- node server\.js\n/)
  assert.match(stdout, /Exit codes: 0 no divergence, 1 stateful, 2 could not judge or wrong usage\n/)
})
