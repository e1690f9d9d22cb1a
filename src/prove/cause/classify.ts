// Names the cause of a confirmed divergence. Pure. The rules stand in the order in which they are asked: what is unmistakable in the
// protocol first, then what the modes say of the disk, then what was seen in memory; at last the modes alone.
import type { Cause } from '../finding.ts'
import type { Clues } from './clues.ts'
import type { Conclusion, Rule } from './conclusion.ts'
import { codePlace } from './holders.ts'
import { diskRule, lostRule } from './rules/disk.ts'
import { instanceRule, secretRule } from './rules/instance.ts'
import { bootRule, cacheRule, memoryRule, scheduleRule, sessionRule } from './rules/memory.ts'
import { limiterRule, roomsRule, transportRule } from './rules/protocol.ts'

const rules: readonly Rule[] = [
  transportRule,
  limiterRule,
  roomsRule,
  lostRule,
  diskRule,
  sessionRule,
  scheduleRule,
  secretRule,
  instanceRule,
  bootRule,
  cacheRule,
  memoryRule,
]

export function classify(clues: Clues): Cause {
  for (const rule of rules) {
    const conclusion = rule(clues)
    if (conclusion !== undefined) return causeOf(conclusion, clues)
  }
  return causeOf({ kind: 'unexplained', isObserved: false }, clues)
}

function causeOf(conclusion: Conclusion, { textOf }: Clues): Cause {
  return {
    kind: conclusion.kind,
    holder: conclusion.holder,
    declaredAt: codePlace(conclusion.declaredAt, textOf),
    writtenAt: codePlace(conclusion.writtenAt, textOf),
    files: conclusion.files ?? [],
    package: conclusion.package,
    evidence: conclusion.isObserved ? 'observed' : 'concluded',
  }
}
