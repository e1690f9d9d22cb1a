import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { hmac } from './hmac.ts'

test('hmac is that of RFC 4231, as far as its texts are ASCII', () => {
  const cases = [
    [Buffer.alloc(20, 0x0b), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      Buffer.alloc(131, 0xaa),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ] as const
  for (const [secret, text, mac] of cases)
    assert.equal(Buffer.from(hmac(secret)(text), 'base64url').toString('hex'), mac)
})

test('hmac is that of node:crypto, for secrets and texts of any length, one after the other', () => {
  for (const secretBytes of [1, 32, 63, 64, 65, 200]) {
    const secret = randomBytes(secretBytes)
    const macOf = hmac(secret)
    for (const length of [300, 0, 1, 55, 56, 64, 960, 961, 40_000, 20, 5_000]) {
      const text = randomBytes(length).toString('base64url').slice(0, length)
      const wanted = createHmac('sha256', secret).update(text).digest('base64url')
      assert.equal(macOf(text), wanted, `a secret of ${secretBytes} bytes and a text of ${length}`)
    }
  }
})
