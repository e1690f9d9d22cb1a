import assert from 'node:assert/strict'
import { test } from 'node:test'
import { likeness, marksOf } from './marks.ts'

const source = `notes = new Map()
export const add = (text) => { const note = { id: next++, text }; notes.set(note.id, note) }
export const all = () => [...notes.values()]
export const one = (id) => notes.get(Number(id))`

test('a minified build leaves members, texts and what is made', () => {
  const built =
    'd=new Map,e=1;let f=a=>{let b={id:e++,text:a};d.set(b.id,b)},g=()=>[...d.values()],h=a=>d.get(Number(a))'
  assert.deepEqual(marksOf(source), ['new Map', 'set', 'id', 'values', 'get'])
  assert.equal(likeness(marksOf(source), marksOf(built)), 1)
})

test('what is of something else is hardly alike, and too little tells nothing', () => {
  const other = 'entries = []; function sign(form) { entries.push(form.get("name"), form.get("words")) }'
  assert.ok(likeness(marksOf(source), marksOf(other)) < 0.5)
  assert.equal(likeness(['get'], ['get', 'set', 'all']), 0)
})
