// The writer thread: node:sqlite is synchronous, so waiting for another process's lock happens here and never on the
// event loop that serves requests. One per process and file; started by writer.ts.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { DatabaseSync } from 'node:sqlite'
import { BatchRunner, failed } from './batch.ts'
import { openForWriting } from './database.ts'
import { maxBatchSize } from './defaults.ts'
import { monotonicMs } from './messages.ts'
import type { WriteReply, WriteRequest, WriterMessage, WriterSettings } from './messages.ts'
import { SessionWrites } from './writes.ts'

interface OpenFile {
  readonly database: DatabaseSync
  readonly runner: BatchRunner
}

function openFile(settings: WriterSettings): OpenFile {
  const database = openForWriting(settings.path, settings.openTimeoutMs, settings.busyTimeoutMs)
  return { database, runner: new BatchRunner(database, new SessionWrites(database)) }
}

/** Everything that waits already; stops before 'close', which must be the last. */
function takeRequests(
  port: MessagePort,
  first: WriterMessage,
): { requests: WriteRequest[]; closing: boolean } {
  const requests: WriteRequest[] = []
  let next: WriterMessage | undefined = first
  while (next !== undefined && next !== 'close') {
    requests.push(...next)
    next = receive(port)
  }
  return { requests, closing: next === 'close' }
}

function receive(port: MessagePort): WriterMessage | undefined {
  const received: { message: WriterMessage } | undefined = receiveMessageOnPort(port)
  return received?.message
}

function serve(port: MessagePort, settings: WriterSettings): void {
  let file: OpenFile | undefined
  const run = (requests: readonly WriteRequest[]): readonly WriteReply[] => {
    try {
      file ??= openFile(settings)
      return file.runner.run(requests, monotonicMs())
    } catch (error) {
      return requests.map((request) => failed(request, error))
    }
  }
  port.on('message', (message: WriterMessage) => {
    const { requests, closing } = takeRequests(port, message)
    for (let at = 0; at < requests.length; at += maxBatchSize) {
      port.postMessage(run(requests.slice(at, at + maxBatchSize)))
    }
    if (!closing) return
    file?.database.close()
    port.close()
  })
}

if (parentPort !== null) serve(parentPort, workerData)
