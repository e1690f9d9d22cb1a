// nginx, and HAProxy where the machine has it, as second readers: each hands what it reads to a recorder behind it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { nginx } from '../../../../scripts/parts/catalog.ts'
import { findPart, requirePart } from '../../../../scripts/parts/find.ts'
import type { Part } from '../../../../scripts/parts/part.ts'
import { until } from '../../../support/until.ts'
import { Conversation } from './conversation.ts'
import { startRecording, type SeenRequest } from './recording-instance.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

/** Nice to have: the tests say when it is missing, and do without. */
const haproxy: Part = {
  name: 'HAProxy',
  program: 'haproxy',
  places: ['/usr/sbin/haproxy', '/opt/homebrew/sbin/haproxy', '/usr/local/sbin/haproxy'],
  apt: ['haproxy'],
  brew: ['haproxy'],
}

/** Somebody who reads a connection's bytes as requests. */
export interface Reader {
  readonly name: string
  /** The requests it has read, complete with their bodies, when it closed the connection. */
  readonly read: (bytes: string) => Promise<readonly SeenRequest[]>
}

export function startNginxReader(t: TestContext): Promise<Reader> {
  return startProxy(t, 'nginx', requirePart(nginx), writeNginxConfiguration)
}

/** Undefined when the machine does not have it. */
export async function startHaproxyReader(t: TestContext): Promise<Reader | undefined> {
  const program = findPart(haproxy)
  if (program === undefined) {
    t.diagnostic('HAProxy is not on this machine: it does not judge here')
    return undefined
  }
  return startProxy(t, 'HAProxy', program, writeHaproxyConfiguration)
}

interface Configuration {
  readonly text: string
  /** It still answers a client that has ended its side. */
  readonly answersHalfClosed: boolean
  readonly args: (file: string) => readonly string[]
}

type Configure = (folder: string, socket: string, port: number) => Configuration

async function startProxy(
  t: TestContext,
  name: string,
  program: string,
  configure: Configure,
): Promise<Reader> {
  const folder = await temporaryFolder('reader')
  const recorder = await startRecording(name)
  t.after(recorder.close)
  const socket = join(folder, 'socket')
  const { text, args, answersHalfClosed } = configure(folder, socket, recorder.port)
  const file = join(folder, 'conf')
  await writeFile(file, text)
  const child = spawn(program, args(file), { stdio: 'ignore' })
  t.after(async () => {
    if (child.exitCode !== null || !child.kill('SIGKILL')) return
    await once(child, 'exit')
  })
  await until(`${name} accepts`, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}`)
    return Conversation.open(socket).then(
      (conversation) => {
        conversation.destroy()
        return true
      },
      () => false,
    )
  })
  const read = async (bytes: string) => {
    recorder.clear()
    const conversation = await Conversation.open(socket)
    conversation.say(bytes)
    if (answersHalfClosed) conversation.halfClose()
    await conversation.end()
    return [...recorder.seen()]
  }
  return { name, read }
}

/** It reads bodies whole before it passes a request on, and goes on when the client has said all it has to say. */
function writeNginxConfiguration(folder: string, socket: string, port: number): Configuration {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(folder, name)};`,
  )
  const text = `
daemon off;
master_process off;
error_log stderr crit;
pid ${join(folder, 'pid')};
events { worker_connections 1024; }
http {
${temporary.join('\n')}
  access_log off;
  keepalive_requests 1000000;
  client_max_body_size 0;
  large_client_header_buffers 8 128k;
  merge_slashes off;
  server {
    listen unix:${socket};
    location / {
      proxy_pass http://127.0.0.1:${port};
      proxy_ignore_client_abort on;
      proxy_set_header Host $http_host;
    }
  }
}
`
  return { text, answersHalfClosed: true, args: (file) => ['-p', folder, '-e', 'stderr', '-c', file] }
}

function writeHaproxyConfiguration(_folder: string, socket: string, port: number): Configuration {
  const text = `
defaults
  mode http
  timeout connect 5s
  timeout client 300ms
  timeout server 20s
  option http-buffer-request
listen reader
  bind unix@${socket}
  server recorder 127.0.0.1:${port}
`
  return { text, answersHalfClosed: false, args: (file) => ['-db', '-f', file] }
}
