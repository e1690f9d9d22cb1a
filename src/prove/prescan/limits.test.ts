import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { mentionsLimits } from './limits.ts'

async function mentions(files: Readonly<Record<string, string>>): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-limits-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return await mentionsLimits(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

it('a limiter among the packages, a status or a word in the sources tell that limits are worth looking for', async () => {
  assert.equal(await mentions({ 'package.json': '{"dependencies":{"express-rate-limit":"8"}}' }), true)
  assert.equal(await mentions({ 'app.js': 'if (hits > 20) return res.status(429).end()' }), true)
  assert.equal(await mentions({ 'app.js': 'const MAX_ATTEMPTS = 5' }), true)
  assert.equal(await mentions({ 'app.js': 'let hits = 1429', 'app.test.js': '429' }), false)
})
