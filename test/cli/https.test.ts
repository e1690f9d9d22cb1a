// HTTPS as `drover up` was told to serve it, with a certificate that changes live.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { selfSigned } from '../balancer/support/certificate.ts'
import { until } from '../support/until.ts'
import { makeFolder, run, serverPath, startFleet } from './terminal.ts'

interface Answer {
  readonly status: number | undefined
  /** Of the certificate that the server showed. */
  readonly fingerprint: string
}

function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, rejectUnauthorized: false }, (response) => {
      const { socket } = response
      const fingerprint = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : 'none'
      response.resume().once('end', () => {
        resolve({ status: response.statusCode, fingerprint })
      })
    })
    request.once('error', reject)
  })
}

async function writePair(cwd: string): Promise<void> {
  const { cert, key } = selfSigned('localhost', '127.0.0.1')
  await writeFile(join(cwd, 'cert.pem'), cert)
  await writeFile(join(cwd, 'key.pem'), key)
}

const server = ['--instances', '1', '--port', '0', '--', process.execPath, serverPath]

test('drover up serves HTTPS, and drover reload a certificate that was renewed', async (t) => {
  const cwd = await makeFolder()
  await writePair(cwd)
  const { terminal, url } = await startFleet(
    t,
    ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem', ...server],
    { cwd },
  )
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/)
  const before = await ask(url)
  assert.equal(before.status, 200)

  await writeFile(join(cwd, 'key.pem'), 'no key')
  const refused = await run(t, ['reload'], { cwd })
  assert.equal(refused.code, 2)
  assert.match(
    refused.stderr,
    /^Cannot use --tls-cert ".*": wanted a PEM certificate that fits .* \(nothing was changed\)\n$/,
  )
  assert.deepEqual(await ask(url), before)

  await writePair(cwd)
  const { stdout } = await run(t, ['reload'], { cwd })
  assert.equal(stdout, 'Nothing to apply\nCertificates were read again\n')
  const after = await until('the new certificate is shown', async () => {
    const answer = await ask(url)
    return answer.fingerprint === before.fingerprint ? undefined : answer
  })
  assert.equal(after.status, 200)
  await terminal.shows('configuration read again: nothing to apply, certificates read again\n')
})
