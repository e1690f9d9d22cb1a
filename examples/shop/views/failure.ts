// The page for what went wrong. It needs no session, which may be the very thing that is missing.
import { html, type Html } from '../html.ts'
import { layout } from './layout.ts'

export function failurePage({ status, message }: { status: number; message: string }): Html {
  return layout(
    message,
    html`<section class="quiet">
      <p class="status">${status}</p>
      <h1>${message}</h1>
      <p><a class="button" href="/">Back to the shop</a></p>
    </section>`,
  )
}
