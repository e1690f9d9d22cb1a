// Right stores pass their contract suites, each fault is caught by the case that is there for it, and every case by some fault.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryIdempotencyStore } from '../../src/stores/memory/idempotency.ts'
import { MemoryLeaseStore } from '../../src/stores/memory/lease.ts'
import type { KeyEntry } from '../../src/stores/reservation.ts'
import { idempotencyStoreContract, leaseStoreContract } from '../../src/testing/index.ts'
import type { Clock, ContractCase, IdempotencyStore, LeaseStore } from '../../src/testing/index.ts'

type Faults<Store, Data> = Readonly<
  Record<string, (right: Store, data: Data, clock: Clock) => Partial<Store>>
>

const turn = () => new Promise((resolve) => setImmediate(resolve))

const keyFaults: Faults<IdempotencyStore, Map<string, KeyEntry>> = {
  'never ends a lease': (right, entries) => ({
    reserve: async (reservation) => {
      const entry = entries.get(reservation.key)
      const isRunning = entry?.fingerprint === reservation.fingerprint && entry.response === undefined
      return isRunning && reservation.deadOwner === undefined
        ? { status: 'running', leftMs: 1 }
        : right.reserve(reservation)
    },
  }),
  'compares no fingerprints': (right, entries) => ({
    reserve: async (reservation) => {
      const fingerprint = entries.get(reservation.key)?.fingerprint ?? reservation.fingerprint
      return right.reserve({ ...reservation, fingerprint })
    },
  }),
  'believes that any owner is dead': (right, entries) => ({
    reserve: (reservation) => {
      const { owner = '' } = entries.get(reservation.key) ?? {}
      return right.reserve(
        reservation.deadOwner === undefined ? reservation : { ...reservation, deadOwner: owner },
      )
    },
  }),
  'takes nobody for dead': (right) => ({
    reserve: (reservation) => right.reserve({ ...reservation, deadOwner: '' }),
  }),
  'takes an unknown owner for dead': (right, entries) => ({
    reserve: (reservation) => {
      if (reservation.deadOwner === '' && entries.get(reservation.key)?.owner === '')
        entries.delete(reservation.key)
      return right.reserve(reservation)
    },
  }),
  'forgets what a dead owner has done': (right, entries) => ({
    reserve: (reservation) => {
      const entry = entries.get(reservation.key)
      if (entry?.response !== undefined && entry.owner === reservation.deadOwner)
        entries.delete(reservation.key)
      return right.reserve(reservation)
    },
  }),
  'reads first and writes a moment later': (right, entries, clock) => ({
    reserve: async (reservation) => {
      const entry = entries.get(reservation.key)
      const isFree =
        entry === undefined || (entry.leaseUntilMs <= clock.now() && entry.response === undefined)
      await turn()
      if (isFree && entry?.fingerprint === reservation.fingerprint) entries.delete(reservation.key)
      if (isFree && entry === undefined) entries.delete(reservation.key)
      return right.reserve(reservation)
    },
  }),
  'knows no case': (right) => ({
    reserve: (reservation) => right.reserve({ ...reservation, key: reservation.key.toLowerCase() }),
  }),
  'keeps no more than 64 KB': (right) => ({
    complete: (key, token, response, ms) => right.complete(key, token, response.slice(0, 65_536), ms),
  }),
  'forgets nothing': (right) => ({
    complete: (key, token, response) => right.complete(key, token, response, 1e12),
  }),
  'records whatever the token': (right, entries) => ({
    complete: (key, _token, response, ms) => right.complete(key, entries.get(key)?.token ?? '', response, ms),
  }),
  'refuses a slow holder': (right, entries, clock) => ({
    complete: async (key, token, response, ms) =>
      (entries.get(key)?.leaseUntilMs ?? 0) > clock.now() && right.complete(key, token, response, ms),
  }),
  'renews whatever the token': (right, entries) => ({
    renew: (key, _token, ms) => right.renew(key, entries.get(key)?.token ?? '', ms),
  }),
  'shortens leases': (right, entries, clock) => ({
    renew: async (key, token, ms) => {
      const isHolder = await right.renew(key, token, ms)
      const entry = entries.get(key)
      if (isHolder && entry !== undefined) entries.set(key, { ...entry, leaseUntilMs: clock.now() + ms })
      return isHolder
    },
  }),
  'remembers a renewed key no longer than before': (right, entries) => ({
    renew: async (key, token, ms) => {
      const { expiresAtMs = 0 } = entries.get(key) ?? {}
      const isHolder = await right.renew(key, token, ms)
      const entry = entries.get(key)
      if (isHolder && entry !== undefined) entries.set(key, { ...entry, expiresAtMs })
      return isHolder
    },
  }),
  'releases whatever the token': (_right, entries) => ({
    release: async (key) => {
      entries.delete(key)
    },
  }),
  'works after it was closed': () => ({ close: async () => undefined }),
}

interface Held {
  readonly fence: number
  readonly holder: string | undefined
  readonly untilMs: number
}

const leaseFaults: Faults<LeaseStore, Map<string, Held>> = {
  'never ends a lease': (right, leases) => ({
    acquire: async (name, holder, ms) =>
      leases.get(name)?.holder === undefined
        ? right.acquire(name, holder, ms)
        : { status: 'held', leftMs: 1 },
  }),
  'reads first and writes a moment later': (right, leases, clock) => ({
    acquire: async (name, holder, ms) => {
      const held = leases.get(name)
      const isFree = held?.holder === undefined || held.untilMs <= clock.now()
      await turn()
      if (isFree) await right.release(name, leases.get(name)?.holder ?? '')
      return right.acquire(name, holder, ms)
    },
  }),
  'renews whoever asks': (right, leases) => ({
    renew: (name, _holder, ms) => right.renew(name, leases.get(name)?.holder ?? '', ms),
  }),
  'renews nothing that has ended': (right, leases, clock) => ({
    renew: async (name, holder, ms) =>
      (leases.get(name)?.untilMs ?? 0) > clock.now() && right.renew(name, holder, ms),
  }),
  'releases whoever asks': (right, leases) => ({
    release: (name) => right.release(name, leases.get(name)?.holder ?? ''),
  }),
  'forgets what is released': (_right, leases) => ({
    release: async (name, holder) => {
      if (leases.get(name)?.holder === holder) leases.delete(name)
    },
  }),
  'works after it was closed': () => ({ close: async () => undefined }),
}

/** The cases that fail; with a fault, on stores that have it. */
async function failures(cases: readonly ContractCase[]): Promise<readonly string[]> {
  const failed: string[] = []
  for (const { name, run } of cases) await run().catch(() => failed.push(name))
  return failed
}

function suiteOf<Store extends object, Data>(
  title: string,
  faults: Faults<Store, Data>,
  casesWith: (fault?: Faults<Store, Data>[string]) => readonly ContractCase[],
): void {
  describe(title, () => {
    test('a right store passes every case', async () => {
      assert.deepEqual(await failures(casesWith()), [])
    })

    const failed = new Set<string>()
    for (const [fault, make] of Object.entries(faults)) {
      test(`a store is caught that ${fault}`, async () => {
        const names = await failures(casesWith(make))
        for (const name of names) failed.add(name)
        assert.notDeepEqual(names, [])
      })
    }

    test('every case is failed by some fault', () => {
      const names = casesWith().map(({ name }) => name)
      assert.deepEqual(
        names.filter((name) => !failed.has(name)),
        [],
      )
    })
  })
}

suiteOf('idempotencyStoreContract', keyFaults, (fault) => {
  const entries = new Map<string, KeyEntry>()
  return idempotencyStoreContract({
    open: (clock) => {
      const right = new MemoryIdempotencyStore(entries, clock)
      const store: IdempotencyStore = {
        reserve: (reservation) => right.reserve(reservation),
        complete: (...args) => right.complete(...args),
        renew: (...args) => right.renew(...args),
        release: (...args) => right.release(...args),
        close: () => right.close(),
      }
      return { ...store, ...fault?.(store, entries, clock) }
    },
  })
})

suiteOf('leaseStoreContract', leaseFaults, (fault) => {
  const leases = new Map<string, Held>()
  return leaseStoreContract({
    open: (clock) => {
      const right = new MemoryLeaseStore(leases, clock)
      const store: LeaseStore = {
        acquire: (...args) => right.acquire(...args),
        renew: (...args) => right.renew(...args),
        release: (...args) => right.release(...args),
        close: () => right.close(),
      }
      return { ...store, ...fault?.(store, leases, clock) }
    },
  })
})
