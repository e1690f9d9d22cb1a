// docs/errors.md has a section for every error code, and for no other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCodes } from '../../src/base/errors.ts'
import { readText } from './imports.ts'

function sections(): ReadonlyMap<string, string> {
  const [, ...parts] = readText('docs/errors.md').split(/^## /m)
  return new Map(
    parts.map((part) => {
      const [title = '', ...body] = part.split('\n')
      return [title.replaceAll('`', '').trim(), body.join('\n').trim()]
    }),
  )
}

test('every ErrorCode is documented in docs/errors.md, and every documented code exists', () => {
  assert.deepEqual([...sections().keys()].toSorted(), [...errorCodes].toSorted())
})

test('every section of docs/errors.md says what happened and what to do', () => {
  const thin = [...sections()].filter(([, body]) => !/\*\*What to do:\*\*/.test(body) || body.length < 80)
  assert.deepEqual(
    thin.map(([code]) => code),
    [],
  )
})
