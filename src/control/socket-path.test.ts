import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxSocketPathBytes, socketPath } from './socket-path.ts'

test('socketPath takes the shorter of the absolute and the relative path', () => {
  assert.equal(socketPath('/srv/app/.drover', '/srv/app'), '.drover/control.sock')
  assert.equal(socketPath('/run/d', '/srv/app/deep/down'), '/run/d/control.sock')
})

test('socketPath reaches a deep folder from nearby, and says how long is too long from afar', () => {
  const deep = `/${'d'.repeat(200)}`
  assert.equal(socketPath(`${deep}/.drover`, deep), '.drover/control.sock')
  assert.throws(() => socketPath(`${deep}/.drover`, '/elsewhere'), {
    code: 'OPTION_INVALID',
    message: /^Cannot use state ".*": its control socket's path would be \d+ bytes long, wanted at most 103$/,
  })
})

test('socketPath counts bytes, not letters', () => {
  const fits = `/${'d'.repeat(maxSocketPathBytes - '//control.sock'.length)}`
  assert.equal(Buffer.byteLength(socketPath(fits, '/')), maxSocketPathBytes - 1)
  assert.throws(() => socketPath(`/${'é'.repeat(50)}`, '/'), { code: 'OPTION_INVALID' })
})
