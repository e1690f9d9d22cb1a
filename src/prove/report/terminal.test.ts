import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanShop, hostileApp, statefulShop, undecidedShop } from '../../../test/prove/sample-proof.ts'
import type { ReportInput } from './input.ts'
import { terminalLines } from './terminal.ts'

function report(input: ReportInput): string {
  return terminalLines(input, (_, text) => text).join('\n')
}

test('a stateful app: verdict, findings with remedy, coverage, limits, hints, and how to see it again', () => {
  assert.equal(
    report(statefulShop),
    `Stateful: 2 answers depended on which instance gave them

1. State in a variable  module-state
   request 7 GET /cart answered \`[]\` because request 3 POST /cart kept what it needs in \`carts\`
   (src/cart.ts:12, written at :31) of instance 2
   one instance alone answers \`[{"id":2,"quantity":1}]\`
   a disk for each instance: differs · one disk for all: differs · restarts: differs
   Fix: What belongs to a visitor can live in the session: const data = await req.session.data(),
   with drover/express and its siblings.
   Or: Keep it in the database, or in Redis, and read it for each request.

2. Session in memory  in-memory-session, concluded from how it differs
   request 7 GET /cart answered \`302 to /login\`, most likely because request 6 POST /login kept the
   session in \`MemoryStore\` of the package express-session (src/server.ts:9) of instance 1
   one instance alone answers \`200\`
   a disk for each instance: differs · one disk for all: differs · restarts: not run
   Fix: Sessions of drover (import { sessions } from 'drover') rest in SQLite, Redis or PostgreSQL;
   for express-session, change its import to 'drover/express-session'.
   Or: Give the session middleware a store that all instances share, such as connect-redis.

Driven  4 routes, coverage 80 %
   GET /, GET /products, POST /cart, GET /cart
Never driven, so nothing is known of them
   DELETE /cart

Not seen
   strace is not installed: writes of SQLite could not be seen

Hints, from a look at the source; no verdict
   src/mail.ts:4 setInterval outside a request (in-process-schedule)

The same again  npx drover prove --seed 7 --flow checkout.yaml -- node src/server.ts
A page to pass around  npx drover prove --seed 7 --flow checkout.yaml --html report.html -- node src/server.ts
More about it  npx drover prove --explain module-state
seed 7, 21.3 s`,
  )
})

test('an app without a divergence is told so with the extent of the evidence, never as proven', () => {
  const text = report(cleanShop)
  assert.match(text, /^No divergence in 5 schedules over these 4 routes \(coverage 80 %\)\n/)
  assert.match(text, /Never driven, so nothing is known of them\n {3}DELETE \/cart\n/)
  assert.doesNotMatch(text, /proven|stateless|--html/i)
})

test('where the routes are not known, coverage is not made up', () => {
  const coverage = { driven: ['GET /'], undriven: undefined }
  const text = report({ ...cleanShop, proof: { ...cleanShop.proof, coverage } })
  assert.match(text, /^No divergence in 5 schedules over this 1 route \(coverage unknown: /)
})

test('an app that could not be judged is told why', () => {
  assert.match(report(undecidedShop), /^Could not judge: The app did not start: it ended with code 1\n/)
})

test('nothing an app says reaches the terminal as a control character', () => {
  const { again } = statefulShop
  for (const line of terminalLines({ ...hostileApp, again }, (_, text) => text))
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}]/u)
})

test('only what paint adds is colour', () => {
  const painted = terminalLines(statefulShop, (tone, text) => `<${tone}>${text}</${tone}>`).join('\n')
  assert.match(painted, /^<bad>Stateful: .*<\/bad>\n/)
  assert.equal(painted.replaceAll(/<\/?(?:good|bad|unsure|strong|faint)>/g, ''), report(statefulShop))
})
