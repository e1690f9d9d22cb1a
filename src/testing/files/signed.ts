// URLs that carry their own permission: what they allow, and nothing else.
import assert from 'node:assert/strict'
import { ManualClock } from '../manual-clock.ts'
import { assertRefused, contentOf, text } from './stage.ts'
import type { FilesCase } from './stage.ts'

const png = { contentType: 'image/png' } as const

/** The same URL with another letter in its signature. */
function forged(url: string): string {
  return url.replace(
    /(signature=)(.)/i,
    (_all, name: string, letter: string) => name + (letter === 'a' ? 'b' : 'a'),
  )
}

export const signedCases: readonly FilesCase[] = [
  {
    name: 'signDownload: anybody reads the file at it, whole or in part, as a download under its name',
    async play({ here, harness, prefix }) {
      const key = `${prefix}Grüße & so +.png`
      await here.put(key, '0123456789', png)
      const url = harness.reach((await here.signDownload(key)) ?? '')
      const whole = await fetch(url)
      assert.equal(whole.status, 200)
      assert.equal(await whole.text(), '0123456789')
      assert.equal(whole.headers.get('content-type'), 'image/png')
      const disposition = whole.headers.get('content-disposition') ?? ''
      assert.match(
        disposition,
        /^attachment; filename="Gr__e & so \+\.png"; filename\*=UTF-8''Gr%C3%BC%C3%9Fe/,
      )
      const part = await fetch(url, { headers: { range: 'bytes=2-4' } })
      assert.deepEqual([part.status, await part.text()], [206, '234'])
      assert.equal(part.headers.get('content-range'), 'bytes 2-4/10')
    },
  },
  {
    name: 'signDownload: undefined for no file; inline only for what runs no script',
    async play({ here, harness, prefix }) {
      assert.equal(await here.signDownload(`${prefix}none`), undefined)
      await here.put(`${prefix}picture`, 'x', png)
      const url = await here.signDownload(`${prefix}picture`, { disposition: 'inline', filename: 'me.png' })
      const answer = await fetch(harness.reach(url ?? ''))
      assert.equal(answer.headers.get('content-disposition'), 'inline; filename="me.png"')
      assert.equal(await answer.text(), 'x')
      const spellings: readonly 'inline'[] = JSON.parse('["INLINE", "inline; x", ""]')
      for (const disposition of spellings) {
        await assertRefused(here.signDownload(`${prefix}picture`, { disposition }), 'OPTION_INVALID')
      }
      for (const contentType of ['text/html', 'image/svg+xml', 'application/pdf', 'application/xml']) {
        await here.put(`${prefix}page`, 'x', { contentType })
        await assertRefused(
          here.signDownload(`${prefix}page`, { disposition: 'inline' }),
          'FILE_TYPE_REFUSED',
        )
      }
    },
  },
  {
    name: 'signed URLs: changed in any part or expired they are refused, and store nothing',
    async play({ here, open, harness, prefix }) {
      const key = `${prefix}secret`
      await here.put(key, 'x', png)
      await here.put(`${prefix}other`, 'y', png)
      const past = open({ clock: new ManualClock(Date.now() - 3_600_000) })
      const download = (await here.signDownload(key)) ?? ''
      const expired = (await past.signDownload(key, { expiresIn: '60s' })) ?? ''
      const wrong = [
        forged(download),
        download.replace('secret', 'other'),
        expired,
        download.replace(/\?.*/, ''),
      ]
      for (const url of wrong) {
        const { status } = await fetch(harness.reach(url))
        // Some servers take a URL without a signature for a mistake.
        assert.ok(status === 403 || status === 400, `${url} answered ${status}`)
      }
      const upload = { ...png, size: 3 }
      const { url } = await here.signUpload(`${prefix}up`, upload)
      const { url: late } = await past.signUpload(`${prefix}up`, { ...upload, expiresIn: '60s' })
      for (const one of [forged(url), late, url.replace('/up?', '/up2?'), download]) {
        const answer = await fetch(harness.reach(one), {
          method: 'PUT',
          body: 'abc',
          headers: { 'content-type': 'image/png' },
        })
        assert.ok(answer.status >= 400 && answer.status < 500, `${one} answered ${answer.status}`)
      }
      assert.equal((await here.list({ prefix })).files.length, 2)
      await assertRefused(here.signDownload(key, { expiresIn: '8d' }), 'OPTION_INVALID')
    },
  },
  {
    name: 'signUpload: a client stores the file itself, of the type and size that were signed, and no other',
    async play({ here, there, open, harness, prefix }) {
      const key = `${prefix}direct`
      const { url, method, headers } = await here.signUpload(key, { ...png, size: 5 })
      const send = (body: string, given = headers) =>
        fetch(harness.reach(url), { method, headers: { ...given }, body })
      for (const [body, given] of [
        ['12345', { 'content-type': 'text/html' }],
        ['123456', headers],
        ['1234', headers],
      ] as const) {
        const { status } = await send(body, given)
        assert.ok(status >= 400 && status < 500, `${body} as ${given['content-type']}: ${status}`)
        assert.equal(await there.stat(key), undefined)
      }
      assert.equal((await send('12345')).status, 200)
      assert.equal((await there.stat(key))?.contentType, 'image/png')
      assert.equal(String(await contentOf(there, key)), '12345')
      await assertRefused(open({ maxBytes: 4 }).signUpload(key, { ...png, size: 5 }), 'FILE_TOO_LARGE')
      await assertRefused(here.signUpload(key, { ...text, size: 0 }), 'OPTION_INVALID')
    },
  },
]
