import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideSignal, sameWishMs } from './signals.ts'

const term = (atMs: number) => ({ signal: 'SIGTERM', atMs }) as const
const int = (atMs: number) => ({ signal: 'SIGINT', atMs }) as const

test('the first signal leaves', () => {
  assert.equal(decideSignal(undefined, term(0)), 'leave')
})

test('one Ctrl-C that arrives twice, from the terminal and from npm, is one wish', () => {
  assert.equal(decideSignal(int(0), int(sameWishMs - 1)), 'ignore')
})

test('a repeat after that, and any other signal at once, end the process', () => {
  assert.equal(decideSignal(int(0), int(sameWishMs)), 'end')
  assert.equal(decideSignal(term(0), int(1)), 'end')
  assert.equal(decideSignal(int(0), term(1)), 'end')
})
