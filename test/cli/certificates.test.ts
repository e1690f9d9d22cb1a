// Certificates are looked at before a fleet starts, or goes on, with them.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireCertificates } from '../../src/config/certificates.ts'
import { selfSigned } from '../balancer/support/certificate.ts'
import { makeFolder } from './terminal.ts'

async function writePair(folder: string, name: string) {
  const { cert, key } = selfSigned('localhost')
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  await writeFile(files.cert, cert)
  await writeFile(files.key, key)
  return files
}

const source = { kind: 'file', name: 'drover.config.ts' } as const

test('requireCertificates accepts pairs, and names the file that is missing, foreign or no certificate', async () => {
  const folder = await makeFolder()
  const file = (name: string) => join(folder, name)
  const first = await writePair(folder, 'first')
  const second = await writePair(folder, 'second')
  await requireCertificates([first, second], source)
  await assert.rejects(requireCertificates([{ ...first, key: file('gone') }], source), {
    code: 'OPTION_INVALID',
    message: `Cannot use tls.key "${file('gone')}" in drover.config.ts: wanted a file that exists`,
  })
  const mixed = { cert: second.cert, key: first.key }
  await assert.rejects(requireCertificates([first, mixed], source), {
    message:
      /^Cannot use tls\[1\]\.cert ".*second\.pem" in .*: wanted a PEM certificate that fits .*first\.key /,
  })
  await writeFile(file('text'), 'hello')
  await assert.rejects(requireCertificates([{ ...first, cert: file('text') }], { kind: 'flags' }), {
    message: /^Cannot use --tls-cert ".*text": wanted a PEM certificate that fits /,
  })
})
