// What visitors send, checked at the door.
import * as v from 'valibot'
import { findProduct, type Product } from './products.ts'
import { Refusal } from './refusal.ts'

/** More pieces than this in one request is a slip of the finger, or worse. */
const maxQuantity = 1_000

const userMessage = 'user must be a text of 1 to 64 characters'
const passwordMessage = 'password must be a text of 1 to 256 characters'
const refreshMessage = 'refresh_token must be a text'
const skuMessage = 'sku must be a text of 1 to 64 characters'
const quantityMessage = `quantity must be a whole number from 1 to ${maxQuantity}`

const sku = v.pipe(v.string(skuMessage), v.minLength(1, skuMessage), v.maxLength(64, skuMessage))
const quantity = v.pipe(
  v.number(quantityMessage),
  v.integer(quantityMessage),
  v.minValue(1, quantityMessage),
  v.maxValue(maxQuantity, quantityMessage),
)
/** A form's fields are texts, and a quantity of 0 there takes the product out. */
const typedQuantity = v.pipe(
  v.string(quantityMessage),
  v.regex(/^\d{1,4}$/, quantityMessage),
  v.transform(Number),
  v.maxValue(maxQuantity, quantityMessage),
)

const schemas = {
  credentials: v.object({
    user: v.pipe(v.string(userMessage), v.minLength(1, userMessage), v.maxLength(64, userMessage)),
    password: v.pipe(
      v.string(passwordMessage),
      v.minLength(1, passwordMessage),
      v.maxLength(256, passwordMessage),
    ),
  }),
  refresh: v.object({ refresh_token: v.string(refreshMessage) }),
  cartChange: v.object({ sku, quantity }),
  cartForm: v.object({ sku, quantity: typedQuantity }),
}

export interface Credentials {
  readonly user: string
  readonly password: string
}

export interface CartChange {
  readonly product: Product
  readonly quantity: number
}

export function readCredentials(body: unknown): Credentials {
  return parse(schemas.credentials, body)
}

export function readRefreshToken(body: unknown): string {
  return parse(schemas.refresh, body).refresh_token
}

export function readCartChange(body: unknown): CartChange {
  const change = parse(schemas.cartChange, body)
  return { product: productOf(change.sku), quantity: change.quantity }
}

export function readCartForm(body: unknown): CartChange {
  const change = parse(schemas.cartForm, body)
  return { product: productOf(change.sku), quantity: change.quantity }
}

export function productOf(name: string): Product {
  const product = findProduct(name)
  if (product === undefined) throw new Refusal('unknown_product', `No product has the sku "${name}"`)
  return product
}

/** The body as the schema describes it; otherwise a refusal that says what was wanted. */
function parse<Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body)
  if (result.success) return result.output
  const [issue] = result.issues
  const missing = issue.type === 'object' ? 'the body must be an object of named values' : issue.message
  throw new Refusal('invalid_input', missing)
}
