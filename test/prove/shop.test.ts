// `drover prove` on the example shop: cleared as it is, convicted on one server's memory, and with a bug of any kind put into it. A proof of it
// takes a minute of CPU, so bugs are tried only on demand: DROVER_MUTATIONS=all tries all of them and the shop on one server's memory,
// DROVER_MUTATIONS=local-file (or stateful) that one.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { prove } from '../../src/prove/prove.ts'
import type { ProofRun, Progress } from '../../src/prove/request.ts'
import { linesMarkedIn } from './corpus/corpus.ts'
import { scoreOf } from './corpus/score.ts'
import { mutated, mutations, writeShop } from './mutations.ts'
import { resetCommand, startShopDatabases, type ShopDatabases } from './shop/databases.ts'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const command = ['node', '--conditions=source', 'server.ts']
const wanted = process.env['DROVER_MUTATIONS']

/** Whether a kind of bug, or `stateful`, is tried. */
const isTried = (name: string) => wanted === 'all' || wanted === name

describe('a shop', { concurrency: 2 }, () => {
  let databases: ShopDatabases
  let scratch = ''
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'drover-proved-shop-'))
    databases = await startShopDatabases()
  })
  after(async () => {
    await databases.stop()
    await rm(scratch, { recursive: true, force: true })
  })

  const proved = async (
    cwd: string,
    flow: string,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void = () => undefined,
  ): Promise<ProofRun> => {
    const path = [dirname(process.execPath), databases.binaries, process.env['PATH']].join(delimiter)
    const app = {
      command,
      cwd,
      // As a test it leaves at once: there is no balancer that would have to notice first.
      env: { ...process.env, NODE_ENV: 'test', PATH: path, ...(await databases.take()) },
      readyPath: '/health',
      readyTimeoutMs: 60_000,
      before: undefined,
      reset: resetCommand,
      targets: [],
    }
    const request = {
      app,
      flow: { from: 'file', path: flow },
      seed: 1,
      schedules: 1,
      timeoutMs: 600_000,
    } as const
    return prove(request, { onProgress, signal })
  }

  it('is cleared as it is', async ({ signal }) => {
    const modes = new Set<string>()
    const flow = join(examples, 'shop/prove.yaml')
    const { proof } = await proved(join(examples, 'shop'), flow, signal, ({ mode }) => modes.add(mode))
    assert.deepEqual(proof.verdict, { verdict: 'no-divergence', schedules: 1 })
    assert.deepEqual(
      proof.limits.filter((limit) => limit.includes('could not be run')),
      [],
    )
    // It writes no file, so that there is nothing to share on one disk.
    assert.deepEqual([...modes].toSorted(), ['private-disk', 'restart', 'single'])
    assert.ok(proof.coverage.driven.includes('POST /api/checkout'))
  })

  const onMemory = async ({ signal }: TestContext): Promise<void> => {
    const folder = join(examples, 'shop-stateful')
    const { proof } = await proved(folder, join(examples, 'shop/prove.yaml'), signal)
    const source = await readFile(join(folder, 'visits.ts'), 'utf8')
    const line = source.split('\n').findIndex((text) => text.includes('return session({')) + 1
    const findings = proof.verdict.verdict === 'stateful' ? proof.verdict.findings : []
    assert.deepEqual(
      findings.map(({ cause: { kind, holder, declaredAt } }) => [
        kind,
        holder,
        declaredAt?.file,
        declaredAt?.line,
      ]),
      [['in-memory-session', 'MemoryStore', 'visits.ts', line]],
    )
  }
  if (isTried('stateful')) it("on one server's memory is convicted, where that memory is made", onMemory)

  for (const mutation of mutations.filter(({ kind }) => isTried(kind)))
    it(`with a bug of kind ${mutation.kind} is convicted of it, on its line`, async (context) => {
      const { kind, orKinds = [] } = mutation
      const around = join(scratch, kind)
      const folder = await writeShop(around, mutation)
      const { proof } = await proved(folder, join(around, 'flow.yaml'), context.signal)
      const lines = [...(await mutated(mutation))].flatMap(([file, text]) => linesMarkedIn(file, text))
      const expected = { name: kind, verdict: 'stateful', kinds: [kind, ...orKinds], command, lines } as const
      const { isVerdictRight, isKindRight, isLineRight, said } = scoreOf(expected, proof)
      assert.deepEqual(
        { isVerdictRight, isKindRight, isLineRight },
        { isVerdictRight: true, isKindRight: true, isLineRight: true },
        said,
      )
      context.diagnostic(`${said}, ${(proof.durationMs / 1000).toFixed(0)} s`)
    })
})
