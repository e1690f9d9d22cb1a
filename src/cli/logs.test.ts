import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logText } from './logs.ts'

const painted = { paint: (style: unknown, text: string) => `<${String(style)}:${text}>` }

test('logText shows a line as drover up does, and where some are missing', () => {
  const line = { atMs: 0, id: '1', stream: 'stderr', text: 'oh' } as const
  assert.equal(logText(line, painted), '<cyan:     1 |> oh')
  assert.equal(logText({ ...line, id: 'access' }, painted), '<dim:access |> oh')
  assert.equal(logText({ dropped: 1 }, painted), '<dim:… 1 line dropped here: they were not read in time>')
})
