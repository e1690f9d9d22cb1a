import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain, plainLine, shorten } from './plain.ts'

test('plain leaves nothing that steers a terminal or turns text around', () => {
  const shown = plain('a\u001B]0;x\u0007\r\nb\u009B31m\u202Ec\u200Bd\uD800')
  assert.equal(shown, String.raw`a\u{1b}]0;x\u{7} b\u{9b}31m\u{202e}c\u{200b}d\u{d800}`)
})

test('plainLine keeps blanks', () => {
  assert.equal(plainLine('\t a  b'), '   a  b')
})

test('shorten cuts no character in two', () => {
  assert.equal(shorten('🐂🐂🐂', 3), '🐂🐂🐂')
  assert.equal(shorten('🐂🐂🐂🐂', 3), '🐂🐂…')
})
