// The machine's own Chromium, and the flags under which it runs headless, quietly and offline in a container.
import { chromium } from '../../scripts/parts/catalog.ts'
import { requirePart } from '../../scripts/parts/find.ts'

export function chromiumPath(): string {
  return requirePart(chromium)
}

export const chromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
