import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsToAnother, hasIntent, planCommit, principalOf, transition } from './lifecycle.ts'
import type { HeldSession, SessionMove, SessionState, SignIn } from './lifecycle.ts'

const visitor: HeldSession = {
  key: 'k',
  id: 'i',
  isFresh: false,
  principal: undefined,
  device: undefined,
  ip: undefined,
  createdAtMs: 1,
  absoluteDeadlineMs: 9,
  idleDeadlineMs: 9,
}
const ann: HeldSession = { ...visitor, principal: 'ann' }
const moved: HeldSession = { ...ann, key: 'k2' }
const renewed: HeldSession = { ...ann, key: 'k2', isFresh: true }
const asAnn: SignIn = { principal: 'ann', device: undefined, ip: undefined }
const asBob: SignIn = { principal: 'bob', device: 'phone', ip: '127.0.0.1' }

const states = {
  fresh: { is: 'untouched', key: undefined },
  presented: { is: 'untouched', key: 'k' },
  absent: { is: 'absent', key: undefined },
  stale: { is: 'absent', key: 'k' },
  visiting: { is: 'held', session: visitor },
  signedIn: { is: 'held', session: ann },
  renewed: { is: 'held', session: renewed },
  renewing: { is: 'renewing', session: ann },
  entering: { is: 'entering', signIn: asAnn },
  rotating: { is: 'rotating', session: visitor, signIn: asAnn },
  leaving: { is: 'leaving', key: 'k', principal: undefined },
  switching: { is: 'switching', key: 'k', principal: 'ann', signIn: asBob },
  gone: { is: 'gone' },
} as const satisfies Record<string, SessionState>

const events = {
  found: { type: 'loaded', session: ann },
  none: { type: 'loaded', session: undefined },
  loginAnn: { type: 'login', signIn: asAnn },
  loginBob: { type: 'login', signIn: asBob },
  logout: { type: 'logout' },
  renew: { type: 'renew' },
  foundMoved: { type: 'reloaded', session: moved },
  foundRenewed: { type: 'reloaded', session: renewed },
  kept: { type: 'committed', session: moved },
  dropped: { type: 'committed', session: undefined },
  vanished: { type: 'vanished' },
} as const satisfies Record<string, SessionMove>

const held = { is: 'held', session: moved } as const
const after = { kept: held, dropped: states.absent }
const leavingAnn = { ...states.leaving, principal: 'ann' } as const
const heldRenewed = { is: 'held', session: renewed } as const
const reloads = { foundMoved: held, foundRenewed: heldRenewed, vanished: states.gone }

/** Every legal move; all others must throw. */
const table: Record<keyof typeof states, Partial<Record<keyof typeof events, SessionState>>> = {
  fresh: { found: states.signedIn, none: states.absent, logout: states.absent },
  presented: { found: states.signedIn, none: states.stale, logout: states.leaving },
  absent: {
    ...after,
    loginAnn: states.entering,
    loginBob: { is: 'entering', signIn: asBob },
    logout: states.absent,
    renew: states.absent,
  },
  stale: {
    ...after,
    loginAnn: states.entering,
    loginBob: { is: 'entering', signIn: asBob },
    logout: states.leaving,
    renew: states.stale,
  },
  visiting: {
    ...after,
    ...reloads,
    loginAnn: states.rotating,
    loginBob: { ...states.rotating, signIn: asBob },
    logout: states.leaving,
    renew: { is: 'renewing', session: visitor },
  },
  signedIn: {
    ...after,
    ...reloads,
    loginAnn: { ...states.rotating, session: ann },
    loginBob: states.switching,
    logout: leavingAnn,
    renew: states.renewing,
  },
  renewed: {
    ...after,
    ...reloads,
    loginAnn: { ...states.rotating, session: renewed },
    loginBob: { ...states.switching, key: 'k2' },
    logout: { ...leavingAnn, key: 'k2' },
    renew: states.renewed,
  },
  renewing: {
    ...after,
    ...reloads,
    foundMoved: { is: 'renewing', session: moved },
    loginAnn: { ...states.rotating, session: ann },
    loginBob: states.switching,
    logout: leavingAnn,
    renew: states.renewing,
  },
  entering: {
    ...after,
    loginAnn: states.entering,
    loginBob: { is: 'entering', signIn: asBob },
    logout: states.absent,
    renew: states.entering,
  },
  rotating: {
    ...after,
    foundMoved: { ...states.rotating, session: moved },
    foundRenewed: { ...states.rotating, session: renewed },
    vanished: states.gone,
    loginAnn: states.rotating,
    loginBob: { is: 'switching', key: 'k', principal: undefined, signIn: asBob },
    logout: states.leaving,
    renew: states.rotating,
  },
  leaving: {
    ...after,
    loginAnn: { is: 'switching', key: 'k', principal: undefined, signIn: asAnn },
    loginBob: { is: 'switching', key: 'k', principal: undefined, signIn: asBob },
    logout: states.leaving,
    renew: states.leaving,
  },
  switching: {
    ...after,
    loginAnn: { ...states.switching, signIn: asAnn },
    loginBob: states.switching,
    logout: leavingAnn,
    renew: states.switching,
  },
  gone: {},
}

test('transition has exactly the moves of the table, and refuses every other', () => {
  for (const [stateName, state] of Object.entries(states)) {
    for (const [eventName, event] of Object.entries(events)) {
      const wanted = Object.entries(table).find(([name]) => name === stateName)?.[1]
      const next = Object.entries(wanted ?? {}).find(([name]) => name === eventName)?.[1]
      const label = `${stateName} + ${eventName}`
      if (next === undefined)
        assert.throws(() => transition(state, event), /Cannot apply \w+ to session/, label)
      else assert.deepEqual(transition(state, event), next, label)
    }
  }
})

test('planCommit writes nothing for what was only looked at', () => {
  for (const state of [states.fresh, states.presented, states.absent, states.stale, states.gone]) {
    assert.deepEqual(planCommit(state, false, false), { write: { kind: 'none' } }, state.is)
  }
  for (const state of [states.signedIn, states.absent])
    assert.deepEqual(planCommit(state, true, false), { write: { kind: 'none' } })
})

test('planCommit makes one store call for data, for signing in and for signing out', () => {
  assert.deepEqual(planCommit(states.absent, true, true), { write: { kind: 'create', signIn: undefined } })
  assert.deepEqual(planCommit(states.signedIn, true, true), { write: { kind: 'save', session: ann } })
  assert.deepEqual(planCommit(states.entering, false, false), { write: { kind: 'create', signIn: asAnn } })
  assert.deepEqual(planCommit(states.rotating, true, true), {
    write: { kind: 'replace', session: visitor, signIn: asAnn },
  })
  assert.deepEqual(planCommit(states.renewing, true, false), { write: { kind: 'renew', session: ann } })
  assert.deepEqual(planCommit(states.leaving, false, false), {
    discard: { key: 'k', principal: undefined },
    write: { kind: 'none' },
  })
})

test('planCommit deletes before it starts a session for somebody else', () => {
  assert.deepEqual(planCommit(states.leaving, true, true), {
    discard: { key: 'k', principal: undefined },
    write: { kind: 'create', signIn: undefined },
  })
  assert.deepEqual(planCommit(states.switching, false, false), {
    discard: { key: 'k', principal: 'ann' },
    write: { kind: 'create', signIn: asBob },
  })
})

test('principalOf counts intents', () => {
  assert.equal(principalOf(states.visiting), undefined)
  assert.equal(principalOf(states.signedIn), 'ann')
  assert.equal(principalOf(states.rotating), 'ann')
  assert.equal(principalOf(states.switching), 'bob')
  assert.equal(principalOf(states.leaving), undefined)
  assert.equal(belongsToAnother(states.visiting, 'ann'), false)
  assert.equal(belongsToAnother(states.signedIn, 'ann'), false)
  assert.equal(belongsToAnother(states.signedIn, 'bob'), true)
})

test('hasIntent is true exactly for states that change the store whatever the data', () => {
  const intents = Object.values(states).filter((state) => hasIntent(state))
  assert.deepEqual(intents, [
    states.renewing,
    states.entering,
    states.rotating,
    states.leaving,
    states.switching,
  ])
})
