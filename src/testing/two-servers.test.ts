import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onTwoServers } from './two-servers.ts'

test('onTwoServers: what was opened is closed, also when the second store cannot be opened', async () => {
  const events: string[] = []
  const openUpTo = (most: number) => {
    let opened = 0
    return {
      open: () => {
        opened += 1
        if (opened > most) throw new Error('cannot be opened')
        const name = `store ${opened}`
        return { close: async () => void events.push(`${name} closed`) }
      },
    }
  }
  const cases = [{ name: 'a case', play: async () => void events.push('played') }]
  const [playable] = onTwoServers(openUpTo(2), cases)
  await playable?.run()
  assert.deepEqual(events.splice(0), ['played', 'store 1 closed', 'store 2 closed'])
  const [broken] = onTwoServers(openUpTo(1), cases)
  await assert.rejects(async () => broken?.run(), /cannot be opened/)
  assert.deepEqual(events, ['store 1 closed'])
})
