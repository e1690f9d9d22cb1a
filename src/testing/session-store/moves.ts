// Signing in and out while another server saves: what it was told is saved must not be lost on the way.
import assert from 'node:assert/strict'
import type { SaveOutcome } from '../../session/store.ts'
import { change, fieldsOf, forwarding, identity, newKey, newPrincipal, record } from './stage.ts'
import type { Stage, StagedCase } from './stage.ts'

const rounds = 10
const savesEachSide = 10

/** Moves once, amid saves by the other server; the fields are then those whose saves were acknowledged, and no others. */
async function moveAmidSaves(
  { here, there, clock }: Stage,
  oldKey: string,
  newerKey: string,
  principal: string | undefined,
  isForwarded: boolean,
): Promise<readonly SaveOutcome[]> {
  const before = (await here.load(oldKey))?.fields
  const names = Array.from({ length: 2 * savesEachSide }, (_, index) => `${oldKey} ${index}`)
  const save = (name: string) => there.save(oldKey, change(clock, { [name]: '1' }))
  const early = names.slice(0, savesEachSide).map(save)
  const mark = isForwarded ? forwarding(clock) : undefined
  const moving = here.replace(oldKey, newerKey, identity(clock, { principal }), change(clock, {}), mark)
  const outcomes = await Promise.all([...early, ...names.slice(savesEachSide).map(save)])
  assert.equal(await moving, 'saved')
  const saved = names.filter((_, index) => outcomes[index] === 'saved').map((name) => [name, '1'] as const)
  const expected = Object.fromEntries([...(before ?? []), ...saved])
  assert.deepEqual(fieldsOf(await there.load(newerKey)), expected)
  return outcomes
}

export const moveCases: readonly StagedCase[] = [
  {
    name: 'replace: amid saves of another server, signing in and out loses none that was acknowledged',
    async play(stage) {
      const { here, clock } = stage
      for (let round = 0; round < rounds; round += 1) {
        const { principal, tag } = newPrincipal()
        const [visitorKey, signedInKey, renewedKey] = [newKey(), newKey(tag), newKey(tag)]
        await here.create(visitorKey, record(clock))
        const outcomes = [
          ...(await moveAmidSaves(stage, visitorKey, signedInKey, principal, false)),
          ...(await moveAmidSaves(stage, signedInKey, renewedKey, principal, false)),
          ...(await moveAmidSaves(stage, renewedKey, newKey(), undefined, false)),
        ]
        assert.ok(outcomes.every((outcome) => outcome === 'saved' || outcome === 'gone'))
      }
    },
  },
  {
    name: 'forwarding: amid saves of another server, every one is saved, before the renewal or after',
    async play(stage) {
      const { here, clock } = stage
      for (let round = 0; round < rounds; round += 1) {
        const { principal, tag } = newPrincipal()
        const [visitorKey, signedInKey, renewedKey] = [newKey(), newKey(tag), newKey(tag)]
        await here.create(visitorKey, record(clock))
        const outcomes = [
          ...(await moveAmidSaves(stage, visitorKey, signedInKey, principal, true)),
          ...(await moveAmidSaves(stage, signedInKey, renewedKey, principal, true)),
          ...(await moveAmidSaves(stage, renewedKey, newKey(), undefined, true)),
        ]
        assert.deepEqual(new Set(outcomes), new Set(['saved']))
      }
    },
  },
  {
    name: 'replace: two servers that sign one visitor in and save at once keep one session with every acknowledged field',
    async play({ here, there, clock }) {
      for (let round = 0; round < rounds; round += 1) {
        const { principal, tag } = newPrincipal()
        const [visitorKey, keyHere, keyThere] = [newKey(), newKey(tag), newKey(tag)]
        await here.create(visitorKey, record(clock))
        const owner = identity(clock, { principal })
        const [saved, ...moves] = await Promise.all([
          here.save(visitorKey, change(clock, { cart: '[1]' })),
          here.replace(visitorKey, keyHere, owner, change(clock, { by: '"here"' })),
          there.replace(visitorKey, keyThere, owner, change(clock, { by: '"there"' })),
        ])
        assert.deepEqual(moves.toSorted(), ['gone', 'saved'])
        const [winner, by] = moves[0] === 'saved' ? [keyHere, '"here"'] : [keyThere, '"there"']
        const expected = saved === 'saved' ? { by, cart: '[1]' } : { by }
        assert.deepEqual(fieldsOf(await there.load(winner)), expected)
        assert.deepEqual(
          (await there.list(tag)).map(({ key }) => key),
          [winner],
        )
      }
    },
  },
]
