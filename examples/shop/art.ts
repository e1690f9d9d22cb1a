// The drawings, read once when the server starts.
import { readFileSync } from 'node:fs'
import { trusted, type Html } from './html.ts'
import { products } from './products.ts'

/** The picture at the top of the list. */
export const meadow: Html = read('meadow')

const bySku = new Map(products.map(({ sku }) => [sku, read(sku)]))

export function artOf(sku: string): Html | undefined {
  return bySku.get(sku)
}

function read(name: string): Html {
  const file = readFileSync(new URL(`art/${name}.svg`, import.meta.url), 'utf8')
  // Drawings decorate: the words beside them say the same, so readers of the page skip them.
  return trusted(file.trim().replace('<svg ', '<svg aria-hidden="true" focusable="false" '))
}
