// The product list and a product's own page.
import { artOf, meadow } from '../art.ts'
import { html, type Html } from '../html.ts'
import { money } from '../money.ts'
import { products, type Product } from '../products.ts'
import { layout, type Visitor } from './layout.ts'
import { pictureForm } from './profile.ts'

export function cataloguePage(visitor: Visitor): Html {
  return layout(
    'Good things for a quiet house',
    html`<section class="hero">
        ${meadow}
        <div class="hero-words">
          <h1>Good things for a quiet house</h1>
          <p>Eight of them, made slowly, and sent from a valley with more cows than people.</p>
        </div>
      </section>
      <ul class="shelf">
        ${products.map((product) => card(product))}
      </ul>`,
    visitor,
  )
}

/** What a product's page has to tell beside the product. */
export interface ProductNews {
  /** Whether it was just put into the cart. */
  readonly added: boolean
  /** Whether somebody has brought a picture of it; undefined where no server takes any. */
  readonly isPictured: boolean | undefined
}

export function productPage(visitor: Visitor, product: Product, { added, isPictured }: ProductNews): Html {
  const { sku, name, price, line, story, facts } = product
  return layout(
    name,
    html`<article class="product">
      ${
        isPictured === true
          ? html`<img class="photo" src="/products/${sku}/picture" alt="${name}" />`
          : html`<div class="art">${artOf(sku)}</div>`
      }
      <div class="details">
        <p class="crumb"><a href="/">All things</a></p>
        <h1>${name}</h1>
        <p class="line">${line}</p>
        <p class="price">${money(price)}</p>
        <form class="buy" method="post" action="/cart">
          <input type="hidden" name="sku" value="${sku}" />
          <label>
            Quantity
            <input type="number" name="quantity" value="1" min="1" max="1000" required inputmode="numeric" />
          </label>
          <button class="primary">Add to cart</button>
          ${added && addedNotice(product)}
        </form>
        <p class="story">${story}</p>
        <ul class="facts">
          ${facts.map((fact) => html`<li>${fact}</li>`)}
        </ul>
        ${
          isPictured !== undefined &&
          visitor.user !== undefined &&
          html`${pictureForm(`/products/${sku}/picture`, isPictured)}
            <p class="crumb"><a href="/profile">A picture of yourself</a></p>`
        }
      </div>
    </article>`,
    visitor,
  )
}

function card({ sku, name, price, line }: Product): Html {
  return html`<li class="card">
    <a class="art" href="/products/${sku}" tabindex="-1" aria-hidden="true">${artOf(sku)}</a>
    <div class="label">
      <h2><a href="/products/${sku}">${name}</a></h2>
      <p class="price">${money(price)}</p>
      <p class="line">${line}</p>
    </div>
  </li>`
}

function addedNotice({ name }: Product): Html {
  return html`<p class="notice" role="status">${name} is in your cart. <a href="/cart">Go to the cart</a></p>`
}
