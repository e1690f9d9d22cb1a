// A balancer in a process of its own, whose memory is all its own too. It is told its limits and instances, and says its
// port; at each `collect` it lets go of garbage.
import { Balancer } from '../../../../src/balancer/balancer.ts'
import type { ProgramCommand } from './balancer-child.ts'

let balancer: Balancer | undefined

async function obey(command: ProgramCommand): Promise<number> {
  switch (command.type) {
    case 'listen':
      balancer = new Balancer(
        { reveal: false, limits: command.limits },
        { random: Math.random, now: () => performance.now() + 1 },
      )
      await balancer.listen({ host: '127.0.0.1', port: 0 })
      balancer.setUpstreams(command.upstreams)
      return balancer.port ?? 0
    case 'collect':
      await globalThis.gc?.({ execution: 'async', type: 'major' })
      return process.memoryUsage.rss()
  }
}

process.on('message', (command: ProgramCommand) => {
  void obey(command).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => {
  process.exit(0)
})
