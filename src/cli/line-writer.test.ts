import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { LineWriter, maxWaiting } from './line-writer.ts'

/** A stream whose reader takes nothing until `resume`; `taken` is what it took. */
class PausedReader extends Writable {
  readonly taken: string[] = []
  #next: (() => void) | undefined
  #isPaused = true

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#next = () => {
      this.taken.push(String(chunk))
      done()
    }
    if (!this.#isPaused) this.#take()
  }

  resume(): void {
    this.#isPaused = false
    this.#take()
  }

  #take(): void {
    const next = this.#next
    this.#next = undefined
    next?.()
  }
}

const long = 'x'.repeat(maxWaiting / 4)

test('LineWriter drops what a paused reader leaves no room for, and says how much when it was read', async () => {
  const reader = new PausedReader()
  const writer = new LineWriter(reader)
  for (let line = 1; line <= 7; line += 1) writer.write(`${line}${long}`)
  assert.ok(reader.writableLength <= maxWaiting + long.length + 2)
  const drained = once(reader, 'drain')
  reader.resume()
  await drained
  writer.write('after')
  await writer.flush(60_000)
  assert.deepEqual(
    reader.taken.filter((text) => text !== '').map((text) => text.replace(long, '').trimEnd()),
    ['1', '2', '3', '4', '… 3 lines dropped here: nobody was reading', 'after'],
  )
})

test('LineWriter.flush resolves when the reader took everything', async () => {
  const reader = new PausedReader()
  const writer = new LineWriter(reader)
  writer.write('last words')
  const flushed = writer.flush(60_000)
  reader.resume()
  await flushed
  assert.equal(reader.taken[0], 'last words\n')
})

test('LineWriter.flush gives up on a reader that takes nothing', async () => {
  const reader = new PausedReader()
  const writer = new LineWriter(reader)
  writer.write('last words')
  await writer.flush(1)
  assert.deepEqual(reader.taken, [])
})

test('LineWriter outlives a stream that fails', async () => {
  const closed = new Writable({
    write: (_chunk, _encoding, done) => {
      done(new Error('EPIPE'))
    },
  })
  const writer = new LineWriter(closed)
  writer.write('one')
  await new Promise((resolve) => closed.once('close', resolve))
  writer.write('two')
  await writer.flush(60_000)
  assert.ok(closed.destroyed)
})
