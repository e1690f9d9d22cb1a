// One user of the shop, over one kept-alive connection: signs in, then looks and adds to the cart in a loop, and
// notices everything a person would.
import { Agent, request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export interface UserReport {
  gets: number
  posts: number
  /** Every GET that did not answer 200, in words. */
  readonly failedGets: string[]
  /** POSTs without an answer of 200; whether they took effect is not known. */
  readonly failedPosts: string[]
  readonly signOuts: string[]
  /** Acknowledged pieces that a later cart did not show. */
  readonly lostUpdates: string[]
  /** Pieces in the cart that no POST, acknowledged or not, accounts for. */
  readonly doubledUpdates: string[]
}

interface Answer {
  readonly status: number
  readonly body: string
}

interface CartAnswer {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[]
}

export class ShopUser {
  readonly report: UserReport = {
    gets: 0,
    posts: 0,
    failedGets: [],
    failedPosts: [],
    signOuts: [],
    lostUpdates: [],
    doubledUpdates: [],
  }
  readonly #url: string
  readonly #name: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #cookie = ''
  #acknowledged = 0
  #uncertain = 0

  constructor(url: string, name: string) {
    this.#url = url
    this.#name = name
  }

  /** Signs in, trying again when a killed instance took the request with it. */
  async signIn(): Promise<void> {
    const credentials = { user: this.#name, password: this.#name }
    for (let attempt = 0; attempt < 5; attempt++) {
      const answer = await this.#post('/api/login', credentials)
      if (answer?.status === 200) return
    }
    throw new Error(`${this.#name} could not sign in: ${this.report.failedPosts.join('; ')}`)
  }

  /** One round: who am I, one more mug, what is in my cart. */
  async shop(): Promise<void> {
    await this.#checkSignedIn()
    const added = await this.#post('/api/cart', { sku: 'mug', quantity: 1 })
    if (added?.status === 200) this.#acknowledged++
    else this.#uncertain++
    await this.#checkCart()
  }

  close(): void {
    this.#agent.destroy()
  }

  async #checkSignedIn(): Promise<void> {
    const me = await this.#get('/api/me')
    if (me?.status === 401) this.report.signOuts.push(`GET /api/me answered ${me.body}`)
  }

  async #checkCart(): Promise<void> {
    const answer = await this.#get('/api/cart')
    if (answer?.status !== 200) return
    const cart = JSON.parse(answer.body) as CartAnswer
    const mugs = cart.items.find((item) => item.sku === 'mug')?.quantity ?? 0
    if (mugs < this.#acknowledged)
      this.report.lostUpdates.push(`${this.#acknowledged} acknowledged, ${mugs} in the cart`)
    const most = this.#acknowledged + this.#uncertain
    if (mugs > most) this.report.doubledUpdates.push(`at most ${most} added, ${mugs} in the cart`)
  }

  async #get(path: string): Promise<Answer | undefined> {
    this.report.gets++
    const answer = await this.#send('GET', path).catch((error: unknown) => String(error))
    if (typeof answer !== 'string' && (answer.status === 200 || answer.status === 401)) return answer
    this.report.failedGets.push(`GET ${path}: ${describe(answer)}`)
    return undefined
  }

  async #post(path: string, body: object): Promise<Answer | undefined> {
    this.report.posts++
    const answer = await this.#send('POST', path, JSON.stringify(body)).catch((error: unknown) =>
      String(error),
    )
    if (typeof answer !== 'string' && answer.status === 200) return answer
    this.report.failedPosts.push(`POST ${path}: ${describe(answer)}`)
    return undefined
  }

  async #send(method: string, path: string, body?: string): Promise<Answer> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers: Record<string, string> = { cookie: this.#cookie }
      if (body !== undefined) headers['content-type'] = 'application/json'
      const outgoing = request(new URL(path, this.#url), {
        method,
        agent: this.#agent,
        headers,
        timeout: 15_000,
      })
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
      outgoing.once('timeout', () => {
        outgoing.destroy(new Error('no answer within 15 s'))
      })
      outgoing.end(body)
    })
    const setCookie = response.headers['set-cookie']?.[0]
    if (setCookie !== undefined) this.#cookie = setCookie.split(';')[0] ?? ''
    return { status: response.statusCode ?? 0, body: await text(response) }
  }
}

function describe(answer: Answer | string): string {
  return typeof answer === 'string' ? answer : `${answer.status} ${answer.body.slice(0, 200)}`
}
