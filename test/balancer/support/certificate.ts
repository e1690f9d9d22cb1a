// Self-signed certificates for tests, written in DER by hand: Node signs bytes but makes no certificates (RFC 5280).
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

export interface TestCertificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

const sequence = 0x30
const set = 0x31
const objectId = 0x06
const oidOfCommonName = Buffer.from([0x55, 0x04, 0x03])
const oidOfAlternativeNames = Buffer.from([0x55, 0x1d, 0x11])
const oidOfEcdsaWithSha256 = Buffer.from([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])

/** A certificate of ten years for these names: host names, `*.` wildcards, IPv4 addresses. */
export function selfSigned(...names: readonly string[]): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(sequence, der(objectId, oidOfEcdsaWithSha256))
  const content = der(
    sequence,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    distinguishedName('drover test'),
    validity(),
    distinguishedName('drover test'),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(sequence, alternativeNames(names))),
  )
  return {
    cert: pem(content, algorithm, privateKey),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function pem(content: Buffer, algorithm: Buffer, key: KeyObject): string {
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, key))
  const lines =
    der(sequence, content, algorithm, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** Tag, length in as few bytes as it takes, content: browsers read no other. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...(length < 128 ? [length] : long)]), content])
}

function distinguishedName(name: string): Buffer {
  return der(sequence, der(set, der(sequence, der(objectId, oidOfCommonName), der(0x0c, Buffer.from(name)))))
}

function validity(): Buffer {
  const year = new Date().getUTCFullYear() % 100
  return der(
    sequence,
    der(0x17, Buffer.from(`${year - 1}0101000000Z`)),
    der(0x17, Buffer.from(`${year + 9}0101000000Z`)),
  )
}

function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    /^[\d.]+$/.test(name)
      ? der(0x87, Buffer.from(name.split('.').map(Number)))
      : der(0x82, Buffer.from(name)),
  )
  return der(sequence, der(objectId, oidOfAlternativeNames), der(0x04, der(sequence, ...entries)))
}
