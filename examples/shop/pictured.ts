// What the storefront knows of pictures that visitors bring; pictures.ts has them.
import type { Router } from 'express'

export interface Pictures {
  /** The pages and addresses that take and show them. */
  readonly routes: Router
  /** Whether there is one: of a product by `products/SKU`, of a visitor by `profiles/NAME`. */
  readonly has: (name: string) => Promise<boolean>
  readonly close: () => Promise<void>
}
