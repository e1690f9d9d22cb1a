import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sumText } from './sum.ts'

const most = Number.MAX_SAFE_INTEGER

test('sumText: adds whole numbers; an absent field counts as 0', () => {
  assert.equal(sumText(undefined, 3), '3')
  assert.equal(sumText('40', 2), '42')
  assert.equal(sumText('5', -5), '0')
  assert.equal(sumText('-1', -1), '-2')
  assert.equal(sumText('-0', -0), '0')
  assert.equal(sumText(String(most - 1), 1), String(most))
  assert.equal(sumText(String(-most), most), '0')
})

test('sumText: text that is no whole number, and sums a double cannot hold exactly, have none', () => {
  for (const text of ['', ' 1', '1.5', '1e3', '01', '"1"', 'null', '[]', '١', '9007199254740992']) {
    assert.equal(sumText(text, 1), undefined, text)
  }
  assert.equal(sumText(String(most), 1), undefined)
  assert.equal(sumText(String(-most), -1), undefined)
  assert.equal(sumText('1', 0.5), undefined)
  assert.equal(sumText('1', NaN), undefined)
})
