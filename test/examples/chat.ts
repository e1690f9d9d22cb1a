// What the tests of both chats share: two servers on one store, and somebody who signs in.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Visitor } from '../shop/visitor.ts'
import { databaseFolder, startExample } from './example-server.ts'
import type { ExampleServer } from './example-server.ts'

export type ChatProgram = 'examples/websocket/server.ts' | 'examples/socket-io/server.ts'

/** Servers A and B. */
export async function startChats(
  context: TestContext,
  program: ChatProgram,
): Promise<[ExampleServer, ExampleServer]> {
  const folder = await databaseFolder()
  const env = {
    SESSION_STORE: `sqlite:${join(folder, 'sessions.db')}`,
    CHAT_DATABASE: join(folder, 'chat.db'),
  }
  const start = (name: string) =>
    startExample(context, { command: [program], env: { ...env, DROVER_INSTANCE: name } })
  return Promise.all([start('A'), start('B')])
}

export async function signedIn(server: ExampleServer, name: string): Promise<Visitor> {
  const visitor = new Visitor()
  assert.equal((await visitor.post(`${server.url}/sign-in`, { name })).status, 200)
  return visitor
}
