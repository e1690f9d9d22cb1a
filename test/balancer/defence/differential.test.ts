// The same bytes, nearly requests, go to our balancer, to Node's own server, to nginx, and to HAProxy where the machine has
// it. Whatever the balancer forwards all of them must have read in the same way, from the client's bytes and from ours.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { startBalancer, type TestBalancer } from '../support/balancer.ts'
import { isAllowed } from './support/allowed-differences.ts'
import { Conversation } from './support/conversation.ts'
import { readForwarded, wholeRequests } from './support/forwarded-reader.ts'
import { nearlyRequests, plainRequests } from './support/grammar.ts'
import { meaningOf, strangeFields, type Meaning } from './support/meaning.ts'
import { startNodeReader } from './support/node-reader.ts'
import { startHaproxyReader, startNginxReader, type Reader } from './support/proxy.ts'
import { startRecording, type SeenRequest } from './support/recording-instance.ts'

const nearlyTimeLimitMs = 6_500
const plainTimeLimitMs = 1_500
/** So many turns of the event loop in which nothing moves: everybody waits for more bytes. */
const quietTurns = 20
/** Longer than any length that is nearly right: a body that swallows its begin makes no whole request of the rest. */
const sentinel = `GET /last HTTP/1.1\r\nHost: last\r\nX-Long: ${'l'.repeat(60)}\r\nConnection: close\r\n\r\n`

interface Forwarded {
  /** By connection to the instance. */
  readonly raw: readonly string[]
  readonly requests: readonly SeenRequest[]
}

/** What the balancer makes of a connection's bytes. */
async function forward(balancer: TestBalancer, bytes: string): Promise<Forwarded> {
  const instance = await startRecording()
  balancer.balancer.setUpstreams([instance.upstream])
  try {
    const client = await Conversation.open(balancer.port)
    client.say(bytes)
    await settle(client, () => instance.raw().join('').length)
    await balancer.quiet()
    const raw = [...instance.raw()]
    const requests = [...instance.seen()]
    // The narrow reader takes our bytes as Node's parser does, which finds no fault with them.
    assert.deepEqual(sorted(raw.flatMap(readForwarded)), sorted(requests))
    assert.deepEqual(instance.faults(), [])
    return { raw, requests }
  } finally {
    await instance.close()
  }
}

function sorted(requests: readonly SeenRequest[]): string[] {
  return requests.map((request) => JSON.stringify(request)).toSorted()
}

/** Waits for the end of the connection; says that no more will come once everybody waits for more. */
async function settle(client: Conversation, reached: () => number): Promise<void> {
  let before = -1
  let quiet = 0
  while (!client.over) {
    await nextTurn()
    const now = reached() + client.received.length
    quiet = now === before ? quiet + 1 : 0
    before = now
    if (quiet === quietTurns) client.halfClose()
    if (quiet === 100 * quietTurns) client.destroy()
  }
}

/** What a reader has read must begin with what was forwarded. */
function assertAgrees(
  who: string,
  bytes: string,
  forwarded: readonly Meaning[],
  read: readonly Meaning[],
): void {
  for (const [index, meaning] of forwarded.entries()) {
    const other = read[index]
    if (isAllowed({ who, bytes, forwarded: meaning, read: other })) return
    assert.deepEqual(
      other,
      meaning,
      `${who} reads request ${index + 1} of ${JSON.stringify(bytes)} otherwise`,
    )
  }
}

interface Judges {
  readonly balancer: TestBalancer
  readonly node: Reader
  readonly proxies: readonly Reader[]
}

async function judge({ balancer, node, proxies }: Judges, bytes: string): Promise<Forwarded> {
  const [forwarded, nodeRead, ...proxiesRead] = await Promise.all([
    forward(balancer, bytes),
    node.read(bytes),
    ...proxies.map((proxy) => proxy.read(bytes)),
  ])
  const meanings = forwarded.requests.map(meaningOf)
  assertAgrees('Node', bytes, meanings, nodeRead.map(meaningOf))
  for (const [index, request] of forwarded.requests.entries())
    assert.deepEqual(strangeFields(request, nodeRead[index]), [], `of ${JSON.stringify(bytes)}`)
  for (const [index, { name }] of proxies.entries())
    assertAgrees(name, bytes, meanings, (proxiesRead[index] ?? []).map(meaningOf))
  for (const proxy of proxies) await assertReadsOurs(proxy, forwarded.raw)
  return forwarded
}

/** A proxy reads our own bytes as they were meant, and where they end. */
async function assertReadsOurs(proxy: Reader, raw: readonly string[]): Promise<void> {
  for (const bytes of raw) {
    const ours = wholeRequests(bytes) + sentinel
    const meant = readForwarded(ours).map(meaningOf)
    const read = (await proxy.read(ours)).map(meaningOf)
    if (meant.some((meaning) => isAllowed({ who: proxy.name, bytes, forwarded: meaning, read: undefined })))
      continue
    assert.deepEqual(read, meant, `${proxy.name} reads otherwise what we sent: ${JSON.stringify(ours)}`)
  }
}

/** A property that is interrupted leaves its last run behind: the next one waits for it. */
function oneAfterTheOther<T>(judgeOne: (bytes: string) => Promise<T>): (bytes: string) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (bytes) => {
    const next = last.then(() => judgeOne(bytes))
    last = next.catch(() => undefined)
    return next
  }
}

test('whatever is forwarded is read in one way by Node, nginx and HAProxy, and by nobody more than was said', async (t) => {
  const balancer = await startBalancer(t)
  const haproxy = await startHaproxyReader(t)
  const nginx = await startNginxReader(t)
  const proxies = haproxy === undefined ? [nginx] : [nginx, haproxy]
  const judges = { balancer, node: await startNodeReader(t), proxies }
  const ask = oneAfterTheOther((bytes) => judge(judges, bytes + sentinel))
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  let plain = 0
  await fc.assert(
    fc.asyncProperty(plainRequests, async (bytes) => {
      const { requests } = await ask(bytes)
      assert.equal(requests.at(-1)?.target, '/last', `${JSON.stringify(bytes)} is forwarded whole`)
      plain++
    }),
    { seed, numRuns: 10_000, interruptAfterTimeLimit: plainTimeLimitMs },
  )
  let runs = 0
  let whole = 0
  await fc.assert(
    fc.asyncProperty(nearlyRequests, async (bytes) => {
      const { requests } = await ask(bytes)
      runs++
      if (requests.at(-1)?.target === '/last') whole++
    }),
    { seed, numRuns: 10_000, interruptAfterTimeLimit: nearlyTimeLimitMs },
  )
  await ask('')
  t.diagnostic(`${plain} well-formed connections; ${runs} nearly so, of which ${whole} were forwarded whole`)
})
