// The certificates of the TLS port: which one answers which host name, and how they are renewed without a restart.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { DroverError } from '../../base/errors.ts'
import type { TlsOptions } from '../messages.ts'

type Files = TlsOptions['certificates'][number]

interface Loaded {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  /** Host names in lower case, wildcards as `*.example.org`. */
  readonly names: readonly string[]
}

interface LoadedSet {
  readonly main: Loaded
  /** For each name the first certificate that has it. */
  readonly byName: ReadonlyMap<string, Loaded>
}

export class Certificates {
  #options: TlsOptions
  #set: LoadedSet
  /** What the files looked like when they were last read, and, while they change, at the last look. */
  #readState: string
  #changingState: string | undefined

  /** Reads them. Throws DroverError OPTION_INVALID, which names the file that cannot be used. */
  constructor(options: TlsOptions) {
    this.#options = options
    this.#readState = stateOf(options)
    this.#set = load(options)
  }

  /** What makes the context for clients that name no host; another object after each replacement. */
  get main(): SecureContextOptions {
    return this.#set.main.options
  }

  /** For the host that a client names: its certificate, or that of its wildcard, or the first (RFC 6125 section 6.4.3). */
  contextFor(host: string): SecureContext {
    const { byName, main } = this.#set
    const name = host.toLowerCase()
    const wildcard = `*${name.slice(Math.max(0, name.indexOf('.')))}`
    return (byName.get(name) ?? byName.get(wildcard) ?? main).context
  }

  /** Uses other files from the next handshake on. Throws as the constructor does; the old ones stay in use then. */
  replace(options: TlsOptions): void {
    const state = stateOf(options)
    this.#set = load(options)
    this.#options = options
    this.#readState = state
    this.#changingState = undefined
  }

  /** Reads the same files again. Throws as the constructor does; the old ones stay in use then, until the files change again. */
  reload(): void {
    this.#readState = stateOf(this.#options)
    this.#changingState = undefined
    this.#set = load(this.#options)
  }

  /**
   * Called every second: reads the files again once they have changed and then stayed as they are for a second, so that
   * a renewal is not caught between certificate and key. Answers what an operator should know, if anything.
   */
  checkForChange(): string | undefined {
    const state = stateOf(this.#options)
    if (state === this.#readState) this.#changingState = undefined
    else if (state !== this.#changingState) this.#changingState = state
    else return this.#reloadChanged()
    return undefined
  }

  #reloadChanged(): string {
    try {
      this.reload()
      return 'The certificates changed; the new ones are in use'
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return `The certificates changed; the old ones stay in use: ${why}`
    }
  }
}

/** Changes when a file does, also when a link to it is moved. */
function stateOf(options: TlsOptions): string {
  const paths = options.certificates.flatMap(({ cert, key }) => [cert, key])
  return paths
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false })
      return stats === undefined ? 'absent' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`
    })
    .join(' ')
}

function load(options: TlsOptions): LoadedSet {
  const loaded = options.certificates.map((files) => loadOne(files, options.minVersion ?? 'TLSv1.2'))
  const [main] = loaded
  if (main === undefined) throw new DroverError('OPTION_INVALID', 'Cannot serve TLS: no certificate is named')
  const byName = new Map<string, Loaded>()
  for (const one of loaded) for (const name of one.names) if (!byName.has(name)) byName.set(name, one)
  return { main, byName }
}

function loadOne(files: Files, minVersion: 'TLSv1.2' | 'TLSv1.3'): Loaded {
  const cert = readPem('certificate', files.cert)
  const key = readPem('private key', files.key)
  const certificate = parse('certificate', files.cert, () => new X509Certificate(cert))
  const privateKey = parse('private key', files.key, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey))
    throw new DroverError(
      'OPTION_INVALID',
      `Cannot use private key "${files.key}": it is not that of certificate "${files.cert}"`,
    )
  const options = { cert, key, minVersion }
  const context = parse('certificate', files.cert, () => createSecureContext(options))
  return { options, context, names: hostNames(certificate.subjectAltName ?? '') }
}

function readPem(what: string, path: string): string {
  return parse(what, path, () => readFileSync(path, 'utf8'))
}

function parse<T>(what: string, path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new DroverError('OPTION_INVALID', `Cannot use ${what} "${path}": ${why}`, { cause })
  }
}

/** The DNS names in Node's text of a subjectAltName: `DNS:a, IP Address:::1`, a strange value in quotes. */
function hostNames(text: string): string[] {
  const names: string[] = []
  for (const [, type, value = ''] of text.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy))
    if (type === 'DNS' && /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/.test(value)) names.push(value.toLowerCase())
  return names
}
