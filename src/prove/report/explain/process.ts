// What a process is, or does at its start or by the clock, that another one is not or does again.
import type { Explanation } from './explanation.ts'

export const perProcessSecret: Explanation = {
  title: 'Secret made at the start',
  what: 'A key that signs or encrypts is drawn at random when the process starts, so each instance has another one.',
  shows: 'Tokens and cookies of one instance are invalid on all others, and after a restart on all of them.',
  drover:
    'Sessions of drover need no secret; to encrypt values, all instances get the same keys by an environment variable.',
  standard:
    'Read the secret from the environment or a secret store, the same for all, and refuse to start without it.',
  before: `const secret = randomBytes(32)
const token = jwt.sign({ sub: user.id }, secret)`,
  after: `const secret = process.env.JWT_SECRET
if (secret === undefined) throw new Error('JWT_SECRET is not set')
const token = jwt.sign({ sub: user.id }, secret)`,
}

export const instanceIdentity: Explanation = {
  title: 'Answer that names its instance',
  what: 'A host name, process id, address or start time of the instance is part of the answer, or of an id.',
  shows: 'Links lead to one instance past the balancer, ids of one are unknown to the others, caches miss.',
  drover: undefined,
  standard:
    'Build links from the public address (configuration, or the Host that the balancer passes on), ids from randomUUID(); leave who answered to a header for debugging.',
  before: `res.json({ url: 'http://' + os.hostname() + ':' + port + '/files/' + id })`,
  after: `res.json({ url: process.env.PUBLIC_URL + '/files/' + id })`,
}

export const instanceConfiguration: Explanation = {
  title: 'Instances configured differently',
  what: 'A variable, flag or file that changes answers has another value on some instances.',
  shows: 'Features, prices or languages change from one request to the next.',
  drover:
    'Under drover up every instance of a version gets the same environment; a deploy changes all of them.',
  standard: 'Give all instances one configuration, decide experiments by the user and not by the instance.',
  before: `const isBeta = Number(process.env.INSTANCE_ID) % 2 === 0`,
  after: `const isBeta = hash(user.id) % 2 === 0`,
}

export const bootSideEffect: Explanation = {
  title: 'Start that changes shared state',
  what: 'At its start a process seeds, migrates, resets or counts something that all instances share.',
  shows: 'Each new instance, restart or deploy doubles records or wipes what users did.',
  drover: 'withLease of drover/lease lets one process of all do it, where it must happen at a start.',
  standard:
    'Do it once, as a step of the deploy; make it harmless to repeat (insert … on conflict do nothing).',
  before: `await database.query("insert into plans (name) values ('free')")
app.listen(port)`,
  after: `await database.query("insert into plans (name) values ('free') on conflict do nothing")
app.listen(port)`,
}

export const inProcessSchedule: Explanation = {
  title: 'Timer that every instance runs',
  what: 'A timer, cron job or queue inside the process changes shared state, and each instance has one.',
  shows:
    'Mails are sent N times, invoices are written N times; what waits in a queue in memory is lost with its process.',
  drover: 'withLease of drover/lease runs a job in one process of all; with keepFor, once in a period.',
  standard:
    'Move the job out: a scheduler with one process, or a queue in Redis or the database (BullMQ, pg-boss).',
  before: `cron.schedule('0 3 * * *', () => sendReports())`,
  after: `import { withLease } from 'drover/lease'
cron.schedule('0 3 * * *', () =>
  withLease('reports', ({ signal }) => sendReports(signal), { store: leases, ttl: '30s', keepFor: '1h' }),
)`,
}

export const unexplained: Explanation = {
  title: 'Cause not seen',
  what: 'The answer depended on which instance gave it, again when it was repeated, but what holds the state was not seen.',
  shows: 'As the two answers show. The limits of the run say what could not be looked at.',
  drover: undefined,
  standard:
    'Look for what the first of the two requests leaves in the process, on its disk or in a connection; drover prove --explain lists what is usual.',
  before: `// something that only one process, disk or connection knows`,
  after: `// the same, where every instance can read it`,
}
