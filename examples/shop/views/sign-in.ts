// The sign-in page.
import { html, type Html } from '../html.ts'
import { layout, type Visitor } from './layout.ts'

export interface SignInAttempt {
  /** Where to go afterwards. */
  readonly next: string
  /** The name tried last, when it was refused. */
  readonly refused?: string
}

export function signInPage(visitor: Visitor, { next, refused }: SignInAttempt): Html {
  return layout(
    'Sign in',
    html`<section class="door">
      <h1>Sign in</h1>
      ${
        refused !== undefined &&
        html`<p class="notice wrong" role="alert">No account has this name and password.</p>`
      }
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value="${next}" />
        <label>
          Name
          <input
            name="user"
            value="${refused ?? ''}"
            required
            maxlength="64"
            autocomplete="username"
            autocapitalize="none"
            spellcheck="false"
            autofocus
          />
        </label>
        <label>
          Password
          <input name="password" type="password" required maxlength="256" autocomplete="current-password" />
        </label>
        <button class="primary">Sign in</button>
      </form>
      <p class="small">
        Two people live here: <b>ann</b>, whose password is <b>ann</b>, and <b>bob</b>, with <b>bob</b>.
      </p>
    </section>`,
    visitor,
  )
}
