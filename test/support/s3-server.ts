// A real server of the S3 protocol of the test's own, on a free loopback port: OpenStack Swift, or MinIO on macOS.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { minio, s3Server, swift } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'
import { freePort } from './free-port.ts'
import { kill } from './process.ts'
import { ready } from './ready.ts'
import { isOk, makeBucket } from './s3-bucket.ts'
import type { BucketServer } from './s3-bucket.ts'

export interface S3Server extends BucketServer {
  /** SIGSTOP: it accepts connections in the kernel and answers nothing. */
  readonly pause: () => void
  readonly resume: () => void
}

interface Started {
  readonly child: ChildProcess
  readonly endpoint: Promise<string>
}

const python = '/usr/bin/python3'
const program = fileURLToPath(new URL('s3-server.py', import.meta.url))
const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing-testing' }

export async function startS3(): Promise<S3Server> {
  requirePart(s3Server)
  const folder = await mkdtemp(join(tmpdir(), 'drover-s3-'))
  const { child, endpoint: answering } = s3Server === swift ? startSwift(folder) : await startMinio(folder)
  const stop = async () => {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const endpoint = await answering
    return {
      ...(await makeBucket(endpoint, credentials)),
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
  const printed = ready(child, 'Swift', (said) => /^(\d+)\n/m.exec(said)?.[1], 60_000)
  return { child, endpoint: printed.then((port) => `http://127.0.0.1:${port}`) }
}

async function startMinio(folder: string): Promise<Started> {
  const address = `127.0.0.1:${await freePort()}`
  const { accessKeyId: MINIO_ROOT_USER, secretAccessKey: MINIO_ROOT_PASSWORD } = credentials
  const child = spawn(requirePart(minio), ['server', folder, '--address', address], {
    env: { ...process.env, MINIO_ROOT_USER, MINIO_ROOT_PASSWORD },
    stdio: 'ignore',
  })
  const live = ready(child, 'MinIO', () => isOk(`http://${address}/minio/health/live`))
  return { child, endpoint: live.then(() => `http://${address}`) }
}
