// A real server of the S3 protocol of the test's own, on a free loopback port: OpenStack Swift, or MinIO on macOS.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { minio, s3Server, swift } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { freePort } from './free-port.ts'
import { kill } from './process.ts'
import { until } from './until.ts'

export interface S3Server {
  /** s3://BUCKET?endpoint=…, of an empty bucket. */
  readonly url: string
  readonly endpoint: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Whether it decides `If-None-Match: *`. */
  readonly isConditional: boolean
  /** SIGSTOP: it accepts connections in the kernel and answers nothing. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends it by force and removes its folder. Idempotent. */
  readonly stop: () => Promise<void>
}

interface Started {
  readonly child: ChildProcess
  readonly endpoint: Promise<string>
}

const bucket = 'drover'
const python = '/usr/bin/python3'
const program = fileURLToPath(new URL('s3-server.py', import.meta.url))
const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing-testing' }

export async function startS3(): Promise<S3Server> {
  requirePart(s3Server)
  const folder = await mkdtemp(join(tmpdir(), 'drover-s3-'))
  const { child, endpoint: ready } = s3Server === swift ? startSwift(folder) : await startMinio(folder)
  const stop = async () => {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const endpoint = await ready
    await makeBucket(endpoint)
    return {
      url: `s3://${bucket}?endpoint=${endpoint}`,
      endpoint,
      bucket,
      credentials,
      isConditional: s3Server === minio,
      pause: () => child.kill('SIGSTOP'),
      resume: () => child.kill('SIGCONT'),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** It binds free ports itself, and prints the one it speaks S3 on. */
function startSwift(folder: string): Started {
  const child = spawn(python, ['-B', program, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (said += String(chunk)))
  child.stderr.on('data', (chunk: Buffer) => {
    if (errors.length < 100_000) errors += String(chunk)
  })
  const endpoint = until(
    'Swift accepts connections',
    () => {
      if (child.exitCode !== null)
        throw new Error(`Cannot start Swift: it ended with ${child.exitCode}\n${errors}`)
      return said.endsWith('\n') && `http://127.0.0.1:${said.trim()}`
    },
    60_000,
  )
  return { child, endpoint }
}

async function startMinio(folder: string): Promise<Started> {
  const address = `127.0.0.1:${await freePort()}`
  const { accessKeyId: MINIO_ROOT_USER, secretAccessKey: MINIO_ROOT_PASSWORD } = credentials
  const child = spawn(requirePart(minio), ['server', folder, '--address', address], {
    env: { ...process.env, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD },
    stdio: 'ignore',
  })
  const isLive = () =>
    fetch(`http://${address}/minio/health/live`).then(
      ({ ok }) => ok,
      () => false,
    )
  return { child, endpoint: until('MinIO answers', isLive).then(() => `http://${address}`) }
}

async function makeBucket(endpoint: string): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } finally {
    client.destroy()
  }
}
