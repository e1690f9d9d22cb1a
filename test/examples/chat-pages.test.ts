// The pages of both chats in a real Chromium, behind a real balancer: the server that holds the socket is killed, and the
// page goes on with another; signing out everywhere reaches the user's other browser.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openBrowser, openShop, pictureFolder } from '../browser/shop-browser.ts'
import type { ShopPage } from '../browser/shop-browser.ts'
import { startFleet } from '../support/fleet.ts'
import type { FleetUnderTest } from '../support/fleet.ts'
import type { ChatProgram } from './chat.ts'
import { databaseFolder } from './example-server.ts'

const timeout = 60_000

let browser: Browser | undefined
let pictures: string

before(async () => {
  browser = await openBrowser()
  pictures = await pictureFolder()
})

after(() => browser?.close())

for (const program of ['examples/websocket/server.ts', 'examples/socket-io/server.ts'] as const) {
  test(`${program}: the page outlives its server, and not its session`, { timeout }, async (context) => {
    const fleet = await startFleetOf(context, program)
    const [desk, phone] = [await visit(context, fleet, 'desk'), await visit(context, fleet, 'phone')]
    await desk.picture(`chat-${program.includes('io') ? 'io' : 'ws'}-1-sign-in`)
    for (const { page } of [desk, phone]) await signIn(page, 'ann')
    await say(desk.page, 'from the desk')
    await phone.page.getByText('from the desk').waitFor()

    const reopened = phone.page.waitForEvent('websocket')
    assert.equal((await fleet.kill(await serverOf(phone.page))).code, 0)
    await reopened
    await phone.page.getByText(/on server \d/).waitFor()
    await say(phone.page, 'after the kill')
    await desk.page.getByText('after the kill').waitFor()
    assert.equal(await phone.page.locator('#messages li').count(), 2, 'nothing lost, nothing twice')
    for (const chatter of [desk, phone])
      await chatter.picture(`chat-${program.includes('io') ? 'io' : 'ws'}-2-after-the-kill`)

    await desk.page.getByRole('button', { name: 'Sign out everywhere' }).click()
    for (const { page } of [desk, phone]) await page.getByLabel('Your name').waitFor()
    assert.equal(await phone.page.locator('#messages li').count(), 0)
    // The page that lost its server tells its console so; nothing else may be there.
    for (const { complaints } of [desk, phone])
      assert.deepEqual(
        complaints.filter((text) => !text.includes('WebSocket connection to')),
        [],
      )
  })
}

async function startFleetOf(context: TestContext, program: ChatProgram): Promise<FleetUnderTest> {
  // The fleet's instances inherit it.
  process.env['CHAT_DATABASE'] = join(await databaseFolder(), 'chat.db')
  const command = ['node', '--conditions=source', program]
  const fleet = await startFleet({ args: ['--instances', '2', '--', ...command], shop: true })
  context.after(() => fleet.dispose())
  return fleet
}

async function visit(context: TestContext, fleet: FleetUnderTest, size: 'desk' | 'phone'): Promise<ShopPage> {
  assert.ok(browser)
  const visited = await openShop(browser, fleet.url, size, pictures)
  context.after(() => visited.page.context().close())
  await visited.page.goto('/')
  return visited
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Message').waitFor()
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

/** The server that holds the page's socket. */
async function serverOf(page: Page): Promise<string> {
  const status = await page.getByText(/on server \d/).textContent()
  return /on server (\d+)/.exec(status ?? '')?.[1] ?? assert.fail(`no server in "${status}"`)
}
