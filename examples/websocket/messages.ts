// What was said, in one SQLite file that every server of this machine reads: each tells its own sockets what all of them
// took. On several machines the same job is done by a Redis stream, or whatever your team runs for that.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'

export interface Message {
  /** Counts up, over all servers. */
  readonly id: number
  readonly user: string
  readonly text: string
  /** The server that took it. */
  readonly server: string
}

export interface Messages {
  say(message: Omit<Message, 'id'>): void
  /**
   * What came after the message with this id, oldest first, as far as `onMessage` has heard of it: so whoever asks and then
   * listens misses none and gets none twice. What is no longer kept is left out.
   */
  after(id: number): Message[]
  close(): void
}

const kept = 100
const lookEveryMs = 100

/** `onMessage` hears of each new message, whichever server took it. */
export async function openMessages(path: string, onMessage: (message: Message) => void): Promise<Messages> {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path, { timeout: 5_000 })
  await useWriteAheadLog(database)
  database.exec(`
    pragma synchronous = normal;
    create table if not exists messages (id integer primary key autoincrement, user text, text text, server text)`)
  const insert = database.prepare('insert into messages (user, text, server) values (?, ?, ?)')
  const trim = database.prepare('delete from messages where id <= ?')
  const select = database.prepare('select id, user, text, server from messages where id > ? order by id')
  const read = (id: number) => select.all(id).map(readMessage)

  let lastId = read(0).at(-1)?.id ?? 0
  const look = () => {
    for (const message of read(lastId)) {
      lastId = message.id
      onMessage(message)
    }
  }
  const timer = setInterval(look, lookEveryMs)
  return {
    say({ user, text, server }) {
      const { lastInsertRowid } = insert.run(user, text, server)
      trim.run(Number(lastInsertRowid) - kept)
      look()
    },
    after: (id) => read(id).filter((message) => message.id <= lastId),
    close() {
      clearInterval(timer)
      database.close()
    },
  }
}

/** In this mode nobody waits to read. The switch itself does not wait for others that make it: servers that start at once. */
async function useWriteAheadLog(database: DatabaseSync): Promise<void> {
  const endMs = performance.now() + 10_000
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal')
      return
    } catch (error) {
      if (!isLocked(error) || performance.now() >= endMs) throw error
      await pause(20)
    }
  }
}

/** SQLITE_BUSY and SQLITE_PROTOCOL, whose low byte the extended codes have too. */
function isLocked(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && [5, 15].includes(Number(error.errcode) & 0xff)
}

function readMessage({ id, user, text, server }: Record<string, unknown>): Message {
  return { id: Number(id), user: String(user), text: String(text), server: String(server) }
}
