import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDroverError } from '../base/errors.ts'
import { readFilesOptions } from './options.ts'
import type { FilesOptions } from './options.ts'

function refusal(options: FilesOptions): string {
  try {
    readFilesOptions(options)
  } catch (error) {
    if (isDroverError(error, 'OPTION_INVALID')) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

test('readFilesOptions: names what is wrong with an option', () => {
  assert.match(refusal({ maxBytes: 0 }), /maxBytes 0: wanted a whole number/)
  assert.match(refusal({ accept: [] }), /accept/)
  assert.match(refusal({ publicUrl: 'files' }), /publicUrl "files"/)
  assert.match(refusal({ idleTimeout: '0s' }), /idleTimeout/)
})

test('readFilesOptions: credentials are complete, and are not shown', () => {
  const secret = { accessKeyId: '', secretAccessKey: 'hunter2' }
  assert.equal(refusal({ credentials: secret }), 'Cannot use credentials: accessKeyId is missing or empty')
  const credentials = { accessKeyId: 'a', secretAccessKey: '' }
  assert.equal(refusal({ credentials }), 'Cannot use credentials: secretAccessKey is missing or empty')
})
