// Finds out beforehand whether certificates can be served, so that a fleet neither starts nor goes on with bad ones.
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { TlsFiles } from './options.ts'
import { optionError, type OptionSource } from './validation.ts'

/** Rejects OPTION_INVALID, naming the first file that cannot be read or pair that does not fit together. */
export async function requireCertificates(
  certificates: readonly TlsFiles[],
  source: OptionSource,
): Promise<void> {
  for (const [index, { cert, key }] of certificates.entries()) {
    const option = certificates.length === 1 ? 'tls' : `tls[${index}]`
    const certPem = await read(cert, `${option}.cert`, source)
    const keyPem = await read(key, `${option}.key`, source)
    try {
      createSecureContext({ cert: certPem, key: keyPem })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw optionError(source, `${option}.cert`, cert, `a PEM certificate that fits ${key} (${why})`)
    }
  }
}

async function read(path: string, option: string, source: OptionSource): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw optionError(source, option, path, isAbsent ? 'a file that exists' : 'a file that can be read')
  })
}
