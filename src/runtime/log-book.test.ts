import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogEntry, LogRequest } from '../control/commands.ts'
import { LogBook, maxLogBytes, maxLogLines } from './log-book.ts'

function line(id: string, text: string) {
  return { atMs: 0, id, stream: 'stdout', text } as const
}

function bookOf(...lines: readonly (readonly [id: string, text: string])[]): LogBook {
  const book = new LogBook(() => ['1', '2', '3'])
  for (const [id, text] of lines) book.add(line(id, text))
  return book
}

function shown(entry: LogEntry): string {
  return 'dropped' in entry ? `dropped ${entry.dropped}` : `${entry.id} ${entry.text}`
}

async function readAll(book: LogBook, request: Partial<LogRequest> = {}): Promise<string[]> {
  const told: string[] = []
  const tell = (entry: LogEntry) => {
    told.push(shown(entry))
  }
  const asked = { lines: 100, follow: false, ...request }
  await book.read(asked, tell, new AbortController().signal)
  return told
}

test('a log book tells the last lines, of everybody or of one', async () => {
  const book = bookOf(['1', 'a'], ['2', 'b'], ['drover', 'c'], ['1', 'd'])
  assert.deepEqual(await readAll(book), ['1 a', '2 b', 'drover c', '1 d'])
  assert.deepEqual(await readAll(book, { lines: 2 }), ['drover c', '1 d'])
  assert.deepEqual(await readAll(book, { instance: '1', lines: 1 }), ['1 d'])
  assert.deepEqual(await readAll(book, { instance: '3' }), [])
  assert.deepEqual(await readAll(book, { lines: 0 }), [])
})

test('a log book refuses an instance that is not there and never was', async () => {
  await assert.rejects(readAll(bookOf(['4', 'gone by now']), { instance: '9' }), {
    code: 'INSTANCE_UNKNOWN',
    message: 'Cannot read the lines of "9": the fleet has 1, 2, 3',
  })
  assert.deepEqual(await readAll(bookOf(['4', 'gone by now']), { instance: '4' }), ['4 gone by now'])
})

test('a log book keeps so many lines and bytes, and no more', async () => {
  const book = new LogBook(() => [])
  for (let index = 0; index < maxLogLines + 3; index += 1) book.add(line('1', String(index)))
  const all = await readAll(book, { lines: maxLogLines + 3 })
  assert.deepEqual([all.length, all[0]], [maxLogLines, '1 3'])
  book.add(line('2', 'x'.repeat(maxLogBytes)))
  assert.equal((await readAll(book, { lines: maxLogLines })).length, 1)
})

test('a reader that follows is told of new lines until it is stopped, and then lets go', async () => {
  const book = bookOf(['1', 'a'], ['1', 'b'])
  const told: string[] = []
  const over = new AbortController()
  const tell = (entry: LogEntry) => {
    told.push(shown(entry))
    if (told.length === 3) over.abort()
  }
  const reading = book.read({ lines: 1, follow: true, instance: '1' }, tell, over.signal)
  book.add(line('2', 'c'))
  book.add(line('1', 'd'))
  await Promise.resolve()
  book.add(line('1', 'e'))
  await reading
  assert.deepEqual(told, ['1 b', '1 d', '1 e'])
})

test('a reader that waits for news ends when it is stopped', async () => {
  const over = new AbortController()
  const reading = bookOf().read({ lines: 1, follow: true }, () => undefined, over.signal)
  over.abort()
  await reading
})

test('a reader that stands still finds a gap of just so many of its lines, and the book never waits for it', async () => {
  const book = bookOf(['1', 'first'])
  const told: string[] = []
  const over = new AbortController()
  const standstill = Promise.withResolvers<void>()
  const tell = (entry: LogEntry) => {
    told.push(shown(entry))
    if (told.length === 3) over.abort()
    return standstill.promise
  }
  const reading = book.read({ lines: 1, follow: true, instance: '1' }, tell, over.signal)
  book.add(line('1', 'missed'))
  book.add(line('1', 'missed'))
  for (let index = 0; index < maxLogLines; index += 1) book.add(line(index === 9 ? '1' : '2', 'later'))
  standstill.resolve()
  await reading
  assert.deepEqual(told, ['1 first', 'dropped 2', '1 later'])
})
