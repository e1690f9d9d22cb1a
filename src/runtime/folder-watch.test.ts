import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { FolderState } from '../supervisor/state-folder.ts'
import { FolderWatch } from './folder-watch.ts'

/** Each look finds what `states` says next; an Error is thrown. */
async function toldOf(states: readonly (FolderState | Error)[]): Promise<readonly string[]> {
  const told: string[] = []
  let due: (() => void) | undefined
  let next = 0
  const watch = new FolderWatch({
    path: '/srv/.drover',
    scheduler: {
      after: (_delayMs, run) => {
        due = run
        return () => undefined
      },
    },
    keepFolder: () => {
      const state = states[next]
      next += 1
      if (state === undefined || state instanceof Error) throw state ?? new Error('asked too often')
      return state
    },
    keepSocket: async () => {
      told.push('socket')
      await turn()
    },
    announce: ({ text }) => told.push(text),
  })
  watch.start()
  while (next < states.length) {
    due?.()
    await turn()
    await turn()
  }
  await watch.close()
  return told
}

test('FolderWatch has the socket there as often as it looks, and says that the folder was removed', async () => {
  assert.deepEqual(await toldOf(['held', 'regained', 'held']), [
    'socket',
    'socket',
    'the state folder "/srv/.drover" was removed, and is there again',
    'socket',
  ])
})

test('FolderWatch says once what is wrong, and again once it was right meanwhile', async () => {
  const full = new Error('the disk is full')
  assert.deepEqual(await toldOf([full, full, 'held', full]), [
    'the disk is full',
    'socket',
    'the disk is full',
  ])
})

test('FolderWatch leaves the socket in a folder of another fleet alone', async () => {
  assert.deepEqual(await toldOf(['lost', 'lost']), [
    'the state folder "/srv/.drover" is another fleet\'s by now: commands reach that one, a signal stops this one',
  ])
})
