// examples/files: a picture that one server took is shown by another, whichever way it came.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignedUpload } from '../../src/files/index.ts'
import { databaseFolder, startExample } from './example-server.ts'

const png = { type: 'image/png' }

test('pictures that are uploaded to one server, by a form or directly, are shown by the other', async (t) => {
  const env = { FILES: `file:${await databaseFolder()}` }
  const command = ['examples/files/server.ts'] as const
  const [here, there] = await Promise.all([
    startExample(t, { command, env }),
    startExample(t, { command, env }),
  ])

  const form = new FormData()
  form.append('picture', new Blob(['first'], png), 'first.png')
  const answer = await fetch(`${here.url}/pictures`, { method: 'POST', body: form, redirect: 'manual' })
  assert.equal(answer.status, 303, here.output())

  const asked = await fetch(`${here.url}/pictures/direct`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: png.type, size: 6 }),
  })
  const { url, method, headers } = (await asked.json()) as SignedUpload
  assert.equal((await fetch(there.url + url, { method, headers, body: 'second' })).status, 200)

  const page = await (await fetch(there.url)).text()
  const addresses = [...page.matchAll(/<img src="([^"]+)"/g)].map(([, address = '']) =>
    address.replaceAll('&amp;', '&'),
  )
  const pictures = await Promise.all(
    addresses.map(async (address) => (await fetch(there.url + address)).text()),
  )
  assert.deepEqual(pictures.toSorted(), ['first', 'second'])
})
