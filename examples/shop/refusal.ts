// An answer that is the visitor's to mend: not signed in, no such product, an empty cart.

export type RefusalCode =
  | 'invalid_input'
  | 'cross_site'
  | 'wrong_credentials'
  | 'not_signed_in'
  | 'unknown_product'
  | 'line_full'
  | 'empty_cart'
  | 'not_found'

const statuses: Readonly<Record<RefusalCode, number>> = {
  invalid_input: 422,
  cross_site: 403,
  wrong_credentials: 401,
  not_signed_in: 401,
  unknown_product: 404,
  line_full: 409,
  empty_cart: 409,
  not_found: 404,
}

/** Thrown by anything; `failures.ts` turns it into a JSON error or a page. */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly status: number

  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
    this.status = statuses[code]
  }
}
