// Serves one kind's site, as a process of its own: `program.ts KIND [OPTIONS as JSON]`. Says on standard output what happens to it,
// and does what standard input says: `release`, `close`.
import { createInterface } from 'node:readline'
import { serve } from 'drover/instance'
import type { ServeOptions } from 'drover/instance'
import { kindNamed, Site } from './kinds.ts'

const [kind, options = '{}'] = process.argv.slice(2)
const say = (line: string) => void process.stdout.write(`${line}\n`)
const site = new Site(() => say('holding'))
const instance = serve(await kindNamed(kind).create(site), {
  ...(JSON.parse(options) as ServeOptions),
  onDrain: () => say('draining'),
  onClose: () => {
    say(`closed after ${instance.telemetry().requests}`)
    input.close()
    process.stdin.destroy()
  },
})
const input = createInterface(process.stdin)
input.on('line', (line) => {
  if (line === 'release') site.release()
  if (line === 'close') void instance.close()
})
if (await instance.ready) say(`ready ${instance.url}`)
