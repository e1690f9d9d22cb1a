import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isDroverError } from '../../base/errors.ts'
import { selfSigned, type TestCertificate } from '../../../test/balancer/support/certificate.ts'
import { Certificates } from './certificates.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'drover-certificates-'))
  t.after(() => {
    rmSync(path, { recursive: true })
  })
  return path
}

/** Where a certificate and its key are written. */
function write(dir: string, name: string, { cert, key }: TestCertificate): { cert: string; key: string } {
  const files = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) }
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key)
  return files
}

function refuses(file: string, why: RegExp) {
  return (error: unknown) =>
    isDroverError(error, 'OPTION_INVALID') && error.message.includes(`"${file}"`) && why.test(error.message)
}

test('contextFor gives the exact certificate, then a wildcard of one label, then the first', (t) => {
  const dir = folder(t)
  const certificates = new Certificates({
    certificates: [
      write(dir, 'first', selfSigned('first.test')),
      write(dir, 'wild', selfSigned('*.wild.test', 'wild.test')),
      write(dir, 'exact', selfSigned('a.wild.test', '127.0.0.1')),
    ],
  })
  const first = certificates.contextFor('first.test')
  const wild = certificates.contextFor('wild.test')
  const exact = certificates.contextFor('a.wild.test')
  assert.equal(new Set([first, wild, exact]).size, 3)
  assert.equal(certificates.contextFor('b.Wild.test'), wild)
  assert.equal(certificates.contextFor('A.WILD.TEST'), exact)
  for (const other of ['other.test', 'a.b.wild.test', '.wild.test.x', 'wild', '', '127.0.0.1', '*'])
    assert.equal(certificates.contextFor(other), first, other)
})

test('contextFor gives the first of two certificates for one name', (t) => {
  const dir = folder(t)
  const files = [selfSigned('a.test'), selfSigned('b.test'), selfSigned('b.test', 'c.test')]
  const certificates = new Certificates({
    certificates: files.map((file, index) => write(dir, String(index), file)),
  })
  assert.notEqual(certificates.contextFor('b.test'), certificates.contextFor('c.test'))
})

test('a certificate that cannot be used is refused by the name of its file', (t) => {
  const dir = folder(t)
  const good = write(dir, 'good', selfSigned('a.test'))
  const other = write(dir, 'other', selfSigned('a.test'))
  const absent = join(dir, 'absent')
  const garbage = join(dir, 'garbage')
  writeFileSync(garbage, 'garbage')
  const tries: [cert: string, key: string, file: string, why: RegExp][] = [
    [absent, good.key, absent, /ENOENT/],
    [good.cert, absent, absent, /ENOENT/],
    [garbage, good.key, garbage, /certificate/],
    [good.cert, garbage, garbage, /private key/],
    [good.cert, other.key, other.key, /is not that of certificate/],
  ]
  for (const [cert, key, file, why] of tries)
    assert.throws(() => new Certificates({ certificates: [{ cert, key }] }), refuses(file, why), file)
  assert.throws(() => new Certificates({ certificates: [] }), /no certificate is named/)
})

test('reload keeps the old certificates when the new ones cannot be used', (t) => {
  const dir = folder(t)
  const files = write(dir, 'a', selfSigned('a.test'))
  const certificates = new Certificates({ certificates: [files] })
  const before = certificates.contextFor('a.test')
  writeFileSync(files.key, selfSigned('a.test').key)
  assert.throws(
    () => {
      certificates.reload()
    },
    refuses(files.key, /is not that of/),
  )
  assert.equal(certificates.contextFor('a.test'), before)
  write(dir, 'a', selfSigned('b.test'))
  certificates.reload()
  assert.notEqual(certificates.contextFor('b.test'), before)
})

test('replace takes other files, or keeps the old ones', (t) => {
  const dir = folder(t)
  const certificates = new Certificates({ certificates: [write(dir, 'a', selfSigned('a.test'))] })
  const { main } = certificates
  assert.throws(() => {
    certificates.replace({ certificates: [] })
  })
  assert.equal(certificates.main, main)
  certificates.replace({ certificates: [write(dir, 'b', selfSigned('b.test'))], minVersion: 'TLSv1.3' })
  assert.equal(certificates.main.minVersion, 'TLSv1.3')
})

test('after other files were refused nothing is said to be in use that is not', (t) => {
  const dir = folder(t)
  const certificates = new Certificates({ certificates: [write(dir, 'a', selfSigned('a.test'))] })
  const absent = { cert: join(dir, 'none.crt'), key: join(dir, 'none.key') }
  assert.throws(() => {
    certificates.replace({ certificates: [absent] })
  })
  for (let looks = 0; looks < 3; looks++) assert.equal(certificates.checkForChange(), undefined)
})

test('checkForChange takes a renewal when its files have settled, and says so', (t) => {
  const dir = folder(t)
  const files = write(dir, 'a', selfSigned('a.test'))
  const certificates = new Certificates({ certificates: [files] })
  const renewed = selfSigned('a.test')
  const { main } = certificates
  assert.equal(certificates.checkForChange(), undefined)
  writeFileSync(files.cert, renewed.cert)
  assert.equal(certificates.checkForChange(), undefined)
  writeFileSync(files.key, `${renewed.key}\n`)
  assert.equal(certificates.checkForChange(), undefined)
  assert.equal(certificates.main, main)
  assert.match(certificates.checkForChange() ?? '', /the new ones are in use/)
  assert.equal(certificates.main.cert, renewed.cert)
  assert.equal(certificates.checkForChange(), undefined)
})

test('checkForChange says once that a renewal cannot be used, and takes a later one', (t) => {
  const dir = folder(t)
  const files = write(dir, 'a', selfSigned('a.test'))
  const certificates = new Certificates({ certificates: [files] })
  rmSync(files.key)
  assert.equal(certificates.checkForChange(), undefined)
  assert.match(certificates.checkForChange() ?? '', /the old ones stay in use: .*ENOENT/)
  for (let looks = 0; looks < 3; looks++) assert.equal(certificates.checkForChange(), undefined)
  write(dir, 'a', selfSigned('a.test'))
  certificates.checkForChange()
  assert.match(certificates.checkForChange() ?? '', /the new ones are in use/)
})

test('checkForChange sees a link that points to another file', (t) => {
  const dir = folder(t)
  const files = { cert: join(dir, 'live.crt'), key: join(dir, 'live.key') }
  for (const number of ['1', '2']) {
    const archived = write(dir, number, selfSigned('a.test'))
    for (const kind of ['cert', 'key'] as const) symlinkSync(archived[kind], `${files[kind]}.${number}`)
  }
  for (const path of [files.cert, files.key]) renameSync(`${path}.1`, path)
  const certificates = new Certificates({ certificates: [files] })
  const { main } = certificates
  for (const path of [files.cert, files.key]) renameSync(`${path}.2`, path)
  certificates.checkForChange()
  assert.match(certificates.checkForChange() ?? '', /the new ones are in use/)
  assert.notEqual(certificates.main, main)
})
