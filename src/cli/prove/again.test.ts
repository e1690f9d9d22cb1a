import assert from 'node:assert/strict'
import { test } from 'node:test'
import { againText } from '../../prove/report/again.ts'
import { againWords } from './again.ts'

test('the command that repeats a proof has its flags, its seed, and words quoted for a shell', () => {
  const flags = { flow: 'my flow.yaml', reset: 'npm run reset', schedules: '5', html: 'r.html', json: true }
  assert.equal(
    againText(againWords('npx drover', ['node', "it's.js"], flags, 7)),
    String.raw`npx drover prove --flow 'my flow.yaml' --reset 'npm run reset' --schedules 5 --seed 7 -- node 'it'\''s.js'`,
  )
})

test('values of variables are left to the shell: reports are passed around', () => {
  const again = againText(
    againWords('drover', ['node', 'a.js'], { env: ['TOKEN=secret', 'A=b=c', 'a.b=secret'] }, 1),
  )
  assert.equal(again, `drover prove --env "TOKEN=$TOKEN" --env "A=$A" --env 'a.b=…' --seed 1 -- node a.js`)
})

test('further flags stand before the command of the app, whatever the program is called', () => {
  const again = againWords('npm run -s drover --', ['npm', 'start', '--', '--port'], {}, 1)
  assert.equal(
    againText(again, ' --html report.html'),
    'npm run -s drover -- prove --seed 1 --html report.html -- npm start -- --port',
  )
  assert.equal(
    againText(againWords('drover', [], { targets: 'http://a,http://b' }, 1)),
    `drover prove --targets 'http://a,http://b' --seed 1`.replaceAll("'", ''),
  )
})
