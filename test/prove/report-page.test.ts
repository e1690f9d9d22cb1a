// The page of a proof in a real Chromium: on a desk, on a phone, in the dark, and full of what a hostile app answers.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { htmlReport } from '../../src/prove/report/html/page.ts'
import type { ReportInput } from '../../src/prove/report/input.ts'
import { junitReport } from '../../src/prove/report/junit.ts'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { cleanShop, hostileApp, statefulShop, undecidedShop } from './sample-proof.ts'

let browser: Browser | undefined
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-report-page-'))
  browser = await chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlags] })
})

after(async () => {
  await browser?.close()
  await rm(folder, { recursive: true })
})

interface Look {
  readonly page: Page
  /** Whatever the browser has to say, and everything it asked for. */
  readonly complaints: readonly string[]
  readonly asked: readonly string[]
}

async function open(input: ReportInput): Promise<Look> {
  assert.ok(browser)
  const path = join(folder, 'report.html')
  await writeFile(path, htmlReport(input))
  const page = await browser.newPage({ colorScheme: 'light' })
  const complaints: string[] = []
  const asked: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => complaints.push(dialog.message()))
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(pathToFileURL(path).href)
  return { page, complaints, asked }
}

for (const [name, input] of Object.entries({ statefulShop, hostileApp, cleanShop, undecidedShop }))
  test(`${name}: nothing runs, nothing is loaded, nothing sticks out on a desk or a phone`, async () => {
    const { page, complaints, asked } = await open(input)
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 860 })
      assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width)
    }
    assert.deepEqual(complaints, [])
    assert.equal(asked.length, 1)
    assert.equal(await page.locator('script, img, iframe').count(), 0)
    await page.close()
  })

test('each instance has its lane and colour, the two requests that matter stand out, and the dark is dark', async () => {
  const { page } = await open(statefulShop)
  assert.deepEqual(await page.locator('.timeline .dot').allTextContents(), ['1', '2', '3'])
  assert.match((await page.locator('.timeline .writer').textContent()) ?? '', /POST \/cart/)
  assert.match((await page.locator('.timeline .reader').textContent()) ?? '', /GET \/cart/)
  const colours = `Array.from(document.querySelectorAll('.dot'), (dot) => getComputedStyle(dot).backgroundColor)`
  assert.equal(new Set(await page.evaluate<string[]>(colours)).size, 3)
  const background = 'getComputedStyle(document.body).backgroundColor'
  const light = await page.evaluate(background)
  await page.emulateMedia({ colorScheme: 'dark' })
  assert.notEqual(await page.evaluate(background), light)
  await page.close()
})

test('JUnit XML is well-formed, whatever an app says', async () => {
  const { page } = await open(cleanShop)
  for (const input of [statefulShop, hostileApp, cleanShop, undecidedShop]) {
    const read = `new DOMParser().parseFromString(${JSON.stringify(junitReport(input))}, 'application/xml')`
    const count = (name: string) => page.evaluate<number>(`${read}.getElementsByTagName('${name}').length`)
    assert.equal(await count('parsererror'), 0)
    assert.ok((await count('testcase')) > 0)
  }
  await page.close()
})
