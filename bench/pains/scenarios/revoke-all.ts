// Somebody is signed in on three devices, one of them in mid-request, and ends all their sessions.
import { acceptedForMs } from '../ended.ts'
import { held, release } from '../hold.ts'
import type { Observation, Scenario, Scene } from '../scenario.ts'
import type { Subject } from '../subjects.ts'
import { Visitor } from '../visitor.ts'

export const revokeAll: Scenario = {
  pain: '6 "revoke all" misses sessions',
  exempts: hasNone,
  observe,
}

function hasNone(subject: Subject): string | undefined {
  return subject.keeps === 'in the cookie' ? 'cannot end sessions it does not hold' : undefined
}

async function observe({ a, b }: Scene): Promise<Observation> {
  const devices = [new Visitor(), new Visitor(), new Visitor()] as const
  for (const device of devices) await device.ask(`${a}/login/lovelace`)
  const slow = devices[0].begin(`${b}/theme/dark?hold=revoke`)
  await held(b, 'revoke')
  const { status } = await new Visitor().ask(`${a}/revoke-all/lovelace`)
  if (status !== 200) throw new Error(`Cannot revoke all: the app answered ${status}`)
  await release(b, 'revoke')
  await slow.answer
  const left = await Promise.all(devices.map((device) => acceptedForMs(device, b)))
  const ended = left.filter((ms) => ms !== undefined).length
  return { suffers: ended < devices.length, seen: `${ended} of ${devices.length} sessions ended` }
}
