// A real Chromium that shops, takes pictures, and writes down whatever a careful person would complain about.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export const sizes = {
  desk: { width: 1280, height: 860 },
  phone: { width: 390, height: 844 },
} as const

export type Size = keyof typeof sizes

export interface ShopPage {
  readonly page: Page
  /** Failed loads, script or policy errors, and requests to anywhere but the shop. */
  readonly complaints: readonly string[]
  /** The instance that drew the page, as its footer says. */
  answeredBy(): Promise<string>
  /** Takes a picture of the whole page. */
  picture(name: string): Promise<void>
}

/** Pictures go to DROVER_SCREENSHOTS, where they stay to be looked at, or to a folder that goes with the tests. */
export async function pictureFolder(): Promise<string> {
  const chosen = process.env['DROVER_SCREENSHOTS']
  if (chosen === undefined || chosen === '') return temporaryFolder('screenshots')
  await mkdir(chosen, { recursive: true })
  return chosen
}

/** Playwright gives it a fresh profile folder and removes that when the browser closes. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: [...chromiumFlags] })
}

export async function openShop(browser: Browser, url: string, size: Size, folder: string): Promise<ShopPage> {
  const context = await browser.newContext({ viewport: sizes[size], baseURL: url, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`asked ${request.url()}`)
  })
  return {
    page,
    complaints,
    answeredBy: async () => (await page.locator('[data-instance]').textContent()) ?? '',
    picture: async (name) => {
      await page.screenshot({ path: join(folder, `${size}-${name}.png`), fullPage: true })
    },
  }
}
