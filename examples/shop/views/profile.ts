// The visitor's own page, and the form that takes a picture.
import { html, type Html } from '../html.ts'
import { layout, type Visitor } from './layout.ts'

export function profilePage(visitor: Visitor & { readonly user: string }, hasPicture: boolean): Html {
  return layout(
    'Your picture',
    html`<section class="door">
      <h1>${visitor.user}</h1>
      ${hasPicture && html`<img class="photo" src="/profile/picture" alt="Your picture" />`}
      ${pictureForm('/profile/picture', hasPicture)}
    </section>`,
    visitor,
  )
}

export function pictureForm(action: string, hasPicture: boolean): Html {
  return html`<form class="picture" method="post" action="${action}" enctype="multipart/form-data">
    <label>
      ${hasPicture ? 'Another picture' : 'A picture'}
      <input type="file" name="picture" accept="image/png,image/jpeg,image/webp" required />
    </label>
    <button>Upload</button>
  </form>`
}
