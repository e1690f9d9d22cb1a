// The orders' page.
import { artOf } from '../art.ts'
import type { CartItem } from '../cart.ts'
import { html, type Html } from '../html.ts'
import { money } from '../money.ts'
import type { Order } from '../orders.ts'
import { layout, type Visitor } from './layout.ts'

const days = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' })

/** `placed` is the id of an order to say thanks for. */
export function ordersPage(visitor: Visitor, orders: readonly Order[], placed: string | undefined): Html {
  const thanks = orders.some((order) => order.id === placed)
  return layout(
    'Your orders',
    html`<div class="orders">
      ${thanks && html`<p class="notice" role="status">Thank you. Your order is placed.</p>`}
      <h1>Your orders</h1>
      ${
        orders.length === 0
          ? html`<p>None yet. <a href="/">Look around</a></p>`
          : html`<ul>
              ${orders.map((order) => orderCard(order, order.id === placed))}
            </ul>`
      }
    </div>`,
    visitor,
  )
}

function orderCard({ id, placedAt, items, total }: Order, fresh: boolean): Html {
  return html`<li class="order${fresh && ' fresh'}">
    <header>
      <h2>Order <span class="number">${id.slice(0, 8).toUpperCase()}</span></h2>
      <time datetime="${placedAt}">${days.format(new Date(placedAt))}</time>
    </header>
    <ul>
      ${items.map((item) => orderLine(item))}
    </ul>
    <p class="total"><span>Total</span> ${money(total)}</p>
  </li>`
}

function orderLine({ sku, name, quantity, price }: CartItem): Html {
  return html`<li>
    <span class="art">${artOf(sku)}</span>
    <span class="what">${name} <span class="times">× ${quantity}</span></span>
    <span class="price">${money(price * quantity)}</span>
  </li>`
}
