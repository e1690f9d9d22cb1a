// The contract of drover/files on a folder, its signed URLs answered by another instance than signed them.
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { nodeFiles } from '../../src/adapters/files/node-http.ts'
import { files } from '../../src/files/index.ts'
import { filesContract } from '../../src/testing/files-contract.ts'
import { listen } from '../support/free-port.ts'

const folder = await mkdtemp(join(tmpdir(), 'drover-files-'))
const answering = nodeFiles(files(`file:${folder}`))
const server = createServer((req, res) => {
  void answering(req, res).then((isAnswered) => isAnswered || res.writeHead(404).end())
})
const origin = `http://127.0.0.1:${await listen(server)}`

after(async () => {
  server.close()
  server.closeAllConnections()
  await rm(folder, { recursive: true, force: true })
})

describe('a folder', { concurrency: true }, () => {
  const harness = {
    open: (options = {}) => files(`file:${folder}`, options),
    isConditional: true,
    isConditionalInParts: true,
    reach: (url: string) => origin + url,
  }
  for (const { name, run } of filesContract(harness)) test(name, run)
})
