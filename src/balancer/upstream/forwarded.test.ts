import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isForwardedName, writeForwarded } from './forwarded.ts'

const client = { remoteAddress: '192.0.2.1', encrypted: false }

function lines(...args: Parameters<typeof writeForwarded>): string[] {
  const text = writeForwarded(...args)
  assert.ok(text.endsWith('\r\n'))
  return text.slice(0, -2).split('\r\n')
}

test('writeForwarded tells the connection when nothing earlier is believed', () => {
  assert.deepEqual(lines(client, 'shop.example', {}), [
    'X-Forwarded-For: 192.0.2.1',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: shop.example',
    'Forwarded: for=192.0.2.1;proto=http;host="shop.example"',
  ])
})

test('writeForwarded keeps what a trusted proxy said and adds the connection to it', () => {
  const earlier = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'www.shop.example',
    forwarded: 'for=203.0.113.7;proto=https',
  }
  assert.deepEqual(lines(client, 'shop.internal', earlier), [
    'X-Forwarded-For: 203.0.113.7, 192.0.2.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: www.shop.example',
    'Forwarded: for=203.0.113.7;proto=https, for=192.0.2.1;proto=http;host="shop.internal"',
  ])
})

test('writeForwarded quotes IPv6, unwraps IPv4 in IPv6, and leaves out a host that is none', () => {
  const [xff, , , forwarded] = lines({ remoteAddress: '2001:db8::1', encrypted: true }, 'a', {})
  assert.equal(xff, 'X-Forwarded-For: 2001:db8::1')
  assert.equal(forwarded, 'Forwarded: for="[2001:db8::1]";proto=https;host="a"')
  assert.equal(
    lines({ remoteAddress: '::ffff:192.0.2.1', encrypted: false }, 'a', {})[0],
    'X-Forwarded-For: 192.0.2.1',
  )
  assert.deepEqual(lines(client, undefined, {}).slice(2), ['Forwarded: for=192.0.2.1;proto=http'])
  assert.equal(lines(client, 'a"b', {}).at(-1), 'Forwarded: for=192.0.2.1;proto=http')
})

test('isForwardedName knows the four names and no other', () => {
  assert.equal(isForwardedName('x-forwarded-for'), true)
  assert.equal(isForwardedName('x-forwarded-port'), false)
})
