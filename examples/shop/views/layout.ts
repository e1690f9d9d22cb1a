// What every page has around it.
import { styleAddress } from '../assets.ts'
import { html, type Html } from '../html.ts'

/** What the top of a page tells its visitor. */
export interface Visitor {
  readonly user: string | undefined
  readonly pieces: number
}

/** The server that draws this page. Drover names its instances; alone, the shop has no name. */
const instance = process.env['DROVER_INSTANCE']
/** Each server's lamp in the footer has a colour of its own. */
const lamps = 6

export function layout(title: string, main: Html, visitor?: Visitor): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Longmeadow</title>
        <link rel="stylesheet" href="${styleAddress}" />
        <link rel="icon" href="/favicon.ico" type="image/svg+xml" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <a class="brand" href="/">Longmeadow</a>
          ${visitor !== undefined && navigation(visitor)}
        </header>
        <main id="main">${main}</main>
        <footer class="foot">
          <p>Longmeadow is an example shop. Nothing is sold here, and no parcel will come.</p>
          ${answeredBy()}
        </footer>
      </body>
    </html>`
}

function navigation({ user, pieces }: Visitor): Html {
  return html`<nav aria-label="Shop">
    ${
      user === undefined
        ? html`<a href="/sign-in">Sign in</a>`
        : html`<a href="/orders">Orders</a>
            <form method="post" action="/sign-out">
              <span class="who">${user}</span>
              <button class="link">Sign out</button>
            </form>`
    }
    <a class="basket" href="/cart"
      >Cart <span class="count" data-empty="${pieces === 0 ? 'yes' : 'no'}">${pieces}</span></a
    >
  </nav>`
}

function answeredBy(): Html {
  if (instance === undefined) return html`<p class="answered">Answered by the only server there is.</p>`
  return html`<p class="answered" title="Reload: another server answers, and your cart is still here">
    <span class="lamp lamp-${lampOf(instance)}"></span>
    Answered by server <strong data-instance="${instance}">${instance}</strong>
  </p>`
}

function lampOf(id: string): number {
  let sum = 0
  for (const character of id) sum += character.charCodeAt(0)
  return sum % lamps
}
