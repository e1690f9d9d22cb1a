import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Parser } from 'htmlparser2'
import { cleanShop, hostileApp, statefulShop, undecidedShop } from '../../../../test/prove/sample-proof.ts'
import { html } from './markup.ts'
import { htmlReport } from './page.ts'

/** Every tag and attribute that a browser would find. */
function parsed(page: string): {
  readonly tags: ReadonlySet<string>
  readonly attributes: ReadonlySet<string>
} {
  const tags = new Set<string>()
  const attributes = new Set<string>()
  const parser = new Parser({
    onopentag: (name, given) => {
      tags.add(name)
      for (const attribute of Object.keys(given)) attributes.add(attribute)
    },
  })
  parser.end(page)
  return { tags, attributes }
}

test('what is put into a template is text, in content and in attributes', () => {
  assert.equal(
    html`<p title="${`"'<`}">${['<b>', html`<i>${'&'}</i>`, 3, undefined]}</p>`.text,
    '<p title="&quot;&#39;&lt;">&lt;b&gt;<i>&amp;</i>3</p>',
  )
})

test('nothing of a hostile app becomes markup', () => {
  const { tags, attributes } = parsed(htmlReport(hostileApp))
  for (const tag of ['script', 'img', 'iframe', 'object', 'link', 'form']) assert.ok(!tags.has(tag), tag)
  const known = new Set([
    'charset',
    'class',
    'colspan',
    'content',
    'href',
    'http-equiv',
    'id',
    'lang',
    'max',
    'min',
    'name',
    'title',
    'value',
  ])
  assert.deepEqual(
    [...attributes].filter((name) => !known.has(name)),
    [],
  )
})

test('the page refers to nothing outside itself', () => {
  const page = htmlReport(statefulShop)
  assert.doesNotMatch(page, /(?:src|href)="(?!#)|url\(|@import/)
  assert.match(
    page,
    /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-[\w+/=]+&#39;"/,
  )
})

test('the page tells verdict, findings, who answered what, both answers, source, remedy, coverage and the command', () => {
  const page = htmlReport(statefulShop)
  const text = page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
  for (const words of [
    'Stateful: 2 answers depended on which instance gave them',
    'Request 7 GET /cart answered [] because request 3 POST /cart kept what it needs in carts (src/cart.ts:12, written at :31) of instance 2',
    'Several instances, each with a disk of its own.',
    'POST /cart left the state',
    'GET /cart answered otherwise',
    '&quot;name&quot;: &quot;Bell&quot;',
    'declared here',
    'Keep it in the database, or in Redis',
    'Never driven, so nothing is known of them DELETE /cart',
    'They are no verdict',
    'strace is not installed',
    'npx drover prove --seed 7 --flow checkout.yaml -- node src/server.ts',
  ])
    assert.ok(text.includes(words), words)
})

test('pages without findings say how far the evidence reaches, or why there is none', () => {
  assert.match(
    htmlReport(cleanShop),
    /<h1>No divergence in 5 schedules over these 4 routes \(coverage 80 %\)<\/h1>/,
  )
  assert.match(htmlReport(undecidedShop), /<h1>Could not judge: The app did not start/)
})
