// The moment Drover is for, seen by a person: the server that just answered is killed, and the page does not care.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startFleet, type FleetUnderTest } from '../support/fleet.ts'
import { until } from '../support/until.ts'
import { openBrowser, openShop, pictureFolder, type Size } from './shop-browser.ts'

let fleet: FleetUnderTest | undefined
let browser: Browser | undefined
let folder: string

before(async () => {
  folder = await pictureFolder()
  fleet = await startFleet({ args: ['--config', 'examples/shop/drover.config.ts'], shop: true })
  browser = await openBrowser()
})

after(async () => {
  await browser?.close()
  await fleet?.dispose()
})

testShopping('desk', 'ann')
testShopping('phone', 'bob')

function testShopping(size: Size, user: string): void {
  test(`the shop on a ${size}: kill the instance that answered last, reload, and shop on`, async (t) => {
    if (fleet === undefined || browser === undefined) throw new Error('wanted a fleet and a browser')
    t.diagnostic(`pictures are in ${folder}`)
    const shop = await openShop(browser, fleet.url, size, folder)
    const { page } = shop
    await page.goto('/')
    await shop.picture('1-products')
    await fillCart(page)
    await page.goto('/cart')
    await shop.picture('2-cart')
    await signIn(page, user)
    await assertCart(page, user)

    const killed = await shop.answeredBy()
    const death = await fleet.kill(killed)
    assert.equal(death.code, 0, death.stderr)
    await page.reload()
    const next = await shop.answeredBy()
    t.diagnostic(`instance ${killed} answered and was killed; instance ${next} answered the reload`)
    await assertCart(page, user)
    await shop.picture('3-cart-after-the-kill')

    await page.getByRole('button', { name: 'Place the order' }).click()
    await page.getByText('Your order is placed').waitFor()
    assert.equal(await page.locator('.order.fresh li').count(), 2)
    await shop.picture('4-orders')
    assert.equal(await page.locator('.count').textContent(), '0')
    assert.deepEqual(shop.complaints, [])
    await page.context().close()
    await untilBack(fleet, killed)
  })
}

test('the shop: reloading shows that another instance answers and the cart stays', async () => {
  if (fleet === undefined || browser === undefined) throw new Error('wanted a fleet and a browser')
  const shop = await openShop(browser, fleet.url, 'desk', folder)
  await fillCart(shop.page)
  const seen = new Set<string>()
  await until('two instances have answered', async () => {
    await shop.page.reload()
    assert.equal(await shop.page.locator('.count').textContent(), '3')
    seen.add(await shop.answeredBy())
    return seen.size > 1
  })
  assert.deepEqual(shop.complaints, [])
  await shop.page.context().close()
})

/** Two mugs and a lamp, as a visitor who has not signed in. */
async function fillCart(page: Page): Promise<void> {
  await page.goto('/')
  await page.getByRole('link', { name: 'Hearth mug' }).click()
  await page.getByLabel('Quantity').fill('2')
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByText('Hearth mug is in your cart').waitFor()
  await page.goto('/products/lamp')
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByText('Dusk lamp is in your cart').waitFor()
}

async function signIn(page: Page, user: string): Promise<void> {
  await page.getByRole('link', { name: 'Sign in to order' }).click()
  await page.getByLabel('Name').fill(user)
  await page.getByLabel('Password').fill(user)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Place the order' }).waitFor()
}

async function assertCart(page: Page, user: string): Promise<void> {
  assert.equal(await page.locator('.who').textContent(), user)
  assert.equal(await page.getByLabel('Quantity of Hearth mug', { exact: true }).inputValue(), '2')
  assert.equal(await page.getByLabel('Quantity of Dusk lamp', { exact: true }).inputValue(), '1')
  assert.equal(await page.locator('.total').textContent(), '€125.00')
}

/** The killed instance is back, so that the next test finds the fleet whole. */
async function untilBack(running: FleetUnderTest, killed: string): Promise<void> {
  await until(`instance ${killed} is back`, async () => {
    const { instances } = await running.status()
    const back = instances.find((instance) => instance.id === killed)
    return back?.state === 'ready' && back.restarts > 0
  })
}
