// The cart's page.
import { artOf } from '../art.ts'
import type { Cart, CartItem } from '../cart.ts'
import { html, type Html } from '../html.ts'
import { money } from '../money.ts'
import { layout, type Visitor } from './layout.ts'

export function cartPage(visitor: Visitor, cart: Cart): Html {
  return layout('Your cart', cart.items.length === 0 ? emptyCart() : fullCart(visitor, cart), visitor)
}

function emptyCart(): Html {
  return html`<section class="quiet">
    <h1>Your cart is empty</h1>
    <p>It has room for all eight things.</p>
    <p><a class="button" href="/">Look around</a></p>
  </section>`
}

function fullCart({ user }: Visitor, { items, total }: Cart): Html {
  return html`<h1>Your cart</h1>
    <div class="checkout">
      <ul class="lines">
        ${items.map((item) => line(item))}
      </ul>
      <section class="sum" aria-labelledby="sum">
        <h2 id="sum">Total</h2>
        <p class="total">${money(total)}</p>
        <p class="small">Tax included. We carry it to your door on foot.</p>
        ${
          user === undefined
            ? html`<p><a class="button primary" href="/sign-in?next=/cart">Sign in to order</a></p>
                <p class="small">Your cart comes with you.</p>`
            : html`<form method="post" action="/checkout">
                <button class="primary">Place the order</button>
              </form>`
        }
      </section>
    </div>`
}

function line({ sku, name, quantity, price }: CartItem): Html {
  return html`<li class="row">
    <a class="art" href="/products/${sku}" tabindex="-1" aria-hidden="true">${artOf(sku)}</a>
    <div class="label">
      <h2><a href="/products/${sku}">${name}</a></h2>
      <p class="line">${money(price)} each</p>
    </div>
    <p class="price">${money(price * quantity)}</p>
    <div class="change">
      <form method="post" action="/cart/quantity">
        <input type="hidden" name="sku" value="${sku}" />
        <input
          type="number"
          name="quantity"
          value="${quantity}"
          min="0"
          max="1000"
          required
          inputmode="numeric"
          aria-label="Quantity of ${name}"
        />
        <button aria-label="Update the quantity of ${name}">Update</button>
      </form>
      <form method="post" action="/cart/quantity">
        <input type="hidden" name="sku" value="${sku}" />
        <input type="hidden" name="quantity" value="0" />
        <button class="link" aria-label="Remove ${name}">Remove</button>
      </form>
    </div>
  </li>`
}
