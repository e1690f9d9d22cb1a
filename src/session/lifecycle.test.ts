import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsToAnother, hasIntent, planCommit, principalOf, transition } from './lifecycle.ts'
import type { HeldSession, SessionEvent, SessionState } from './lifecycle.ts'

const visitor: HeldSession = { key: 'k', principal: undefined, absoluteDeadlineMs: 9, idleDeadlineMs: 9 }
const ann: HeldSession = { ...visitor, principal: 'ann' }
const moved: HeldSession = { ...ann, key: 'k2' }

const states = {
  fresh: { is: 'untouched', key: undefined },
  presented: { is: 'untouched', key: 'k' },
  absent: { is: 'absent', key: undefined },
  stale: { is: 'absent', key: 'k' },
  visiting: { is: 'held', session: visitor },
  signedIn: { is: 'held', session: ann },
  entering: { is: 'entering', principal: 'ann' },
  rotating: { is: 'rotating', session: visitor, principal: 'ann' },
  leaving: { is: 'leaving', key: 'k' },
  switching: { is: 'switching', key: 'k', principal: 'bob' },
  gone: { is: 'gone' },
} as const satisfies Record<string, SessionState>

const events = {
  found: { type: 'loaded', session: ann },
  none: { type: 'loaded', session: undefined },
  loginAnn: { type: 'login', principal: 'ann' },
  loginBob: { type: 'login', principal: 'bob' },
  logout: { type: 'logout' },
  kept: { type: 'committed', session: moved },
  dropped: { type: 'committed', session: undefined },
  vanished: { type: 'vanished' },
} as const satisfies Record<string, SessionEvent>

const held = { is: 'held', session: moved } as const
const intoSwitching = { is: 'switching', key: 'k', principal: 'ann' } as const
const after = { kept: held, dropped: states.absent }

/** Every legal move; all others must throw. */
const table: Record<keyof typeof states, Partial<Record<keyof typeof events, SessionState>>> = {
  fresh: { found: states.signedIn, none: states.absent, logout: states.absent },
  presented: { found: states.signedIn, none: states.stale, logout: states.leaving },
  absent: {
    ...after,
    loginAnn: states.entering,
    loginBob: { is: 'entering', principal: 'bob' },
    logout: states.absent,
  },
  stale: {
    ...after,
    loginAnn: states.entering,
    loginBob: { is: 'entering', principal: 'bob' },
    logout: states.leaving,
  },
  visiting: {
    ...after,
    loginAnn: states.rotating,
    loginBob: { ...states.rotating, principal: 'bob' },
    logout: states.leaving,
    vanished: states.gone,
  },
  signedIn: {
    ...after,
    loginAnn: { ...states.rotating, session: ann },
    loginBob: states.switching,
    logout: states.leaving,
    vanished: states.gone,
  },
  entering: {
    ...after,
    loginAnn: states.entering,
    loginBob: { is: 'entering', principal: 'bob' },
    logout: states.absent,
  },
  rotating: {
    ...after,
    loginAnn: states.rotating,
    loginBob: states.switching,
    logout: states.leaving,
    vanished: states.gone,
  },
  leaving: { ...after, loginAnn: intoSwitching, loginBob: states.switching, logout: states.leaving },
  switching: { ...after, loginAnn: intoSwitching, loginBob: states.switching, logout: states.leaving },
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
  assert.deepEqual(planCommit(states.signedIn, true, false), { write: { kind: 'none' } })
})

test('planCommit makes one store call for data, for signing in and for signing out', () => {
  assert.deepEqual(planCommit(states.absent, true, true), { write: { kind: 'create', principal: undefined } })
  assert.deepEqual(planCommit(states.signedIn, true, true), { write: { kind: 'save', session: ann } })
  assert.deepEqual(planCommit(states.entering, false, false), { write: { kind: 'create', principal: 'ann' } })
  assert.deepEqual(planCommit(states.rotating, true, true), {
    write: { kind: 'replace', key: 'k', principal: 'ann' },
  })
  assert.deepEqual(planCommit(states.leaving, false, false), { discardKey: 'k', write: { kind: 'none' } })
})

test('planCommit deletes before it starts a session for somebody else', () => {
  assert.deepEqual(planCommit(states.leaving, true, true), {
    discardKey: 'k',
    write: { kind: 'create', principal: undefined },
  })
  assert.deepEqual(planCommit(states.switching, false, false), {
    discardKey: 'k',
    write: { kind: 'create', principal: 'bob' },
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
  assert.deepEqual(intents, [states.entering, states.rotating, states.leaving, states.switching])
})
