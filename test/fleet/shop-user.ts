// One user of the shop, over one kept-alive connection: signs in, then looks, adds to the cart and orders in a loop, and
// notices everything a person would.
import { Agent, request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

export interface UserReport {
  gets: number
  posts: number
  /** Every GET that did not answer 200, in words. */
  readonly failedGets: string[]
  /** POSTs that were not answered as wanted; whether they took effect is not known. */
  readonly failedPosts: string[]
  readonly signOuts: string[]
  /** Acknowledged pieces that a later cart or order did not have. */
  readonly lostUpdates: string[]
  /** Pieces in a cart or an order that no POST, acknowledged or not, accounts for. */
  readonly doubledUpdates: string[]
  /** The ids of acknowledged orders. */
  readonly orders: string[]
}

/** A checkout ends so many rounds. */
const roundsPerOrder = 5

interface Answer {
  readonly status: number
  readonly body: string
}

/** A cart, or an order. */
interface ItemsAnswer {
  readonly id?: string
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
    orders: [],
  }
  readonly #url: string
  readonly #name: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #cookie = ''
  #rounds = 0
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
      if ((await this.#post('/api/login', credentials)) !== undefined) return
    }
    throw new Error(`${this.#name} could not sign in: ${this.report.failedPosts.join('; ')}`)
  }

  /** One round: who am I, one more mug, what is in my cart; every fifth time an order, too. */
  async shop(): Promise<void> {
    await this.#checkSignedIn()
    const added = await this.#post('/api/cart', { sku: 'mug', quantity: 1 })
    if (added === undefined) this.#uncertain++
    else this.#acknowledged++
    if (added !== undefined) this.#checkMugs(added, 'in the cart that was answered')
    const cart = await this.#get('/api/cart')
    if (cart?.status === 200) this.#checkMugs(cart, 'in the cart')
    this.#rounds++
    if (this.#rounds % roundsPerOrder === 0) await this.#order()
  }

  close(): void {
    this.#agent.destroy()
  }

  async #checkSignedIn(): Promise<void> {
    const me = await this.#get('/api/me')
    if (me?.status === 401) this.report.signOuts.push(`GET /api/me answered ${me.body}`)
  }

  async #order(): Promise<void> {
    const placed = await this.#post('/api/checkout', undefined, 201)
    if (placed === undefined) return
    this.report.orders.push(this.#checkMugs(placed, 'ordered').id ?? '')
    this.#acknowledged = 0
    this.#uncertain = 0
  }

  #checkMugs({ body }: Answer, where: string): ItemsAnswer {
    const answer = JSON.parse(body) as ItemsAnswer
    const mugs = answer.items.find((item) => item.sku === 'mug')?.quantity ?? 0
    if (mugs < this.#acknowledged)
      this.report.lostUpdates.push(`${this.#acknowledged} acknowledged, ${mugs} ${where}`)
    const most = this.#acknowledged + this.#uncertain
    if (mugs > most) this.report.doubledUpdates.push(`at most ${most} added, ${mugs} ${where}`)
    return answer
  }

  async #get(path: string): Promise<Answer | undefined> {
    this.report.gets++
    const answer = await this.#send('GET', path).catch((error: unknown) => String(error))
    if (typeof answer !== 'string' && (answer.status === 200 || answer.status === 401)) return answer
    this.report.failedGets.push(`GET ${path}: ${describe(answer)}`)
    return undefined
  }

  async #post(path: string, body?: object, wanted = 200): Promise<Answer | undefined> {
    this.report.posts++
    const content = body === undefined ? undefined : JSON.stringify(body)
    const answer = await this.#send('POST', path, content).catch((error: unknown) => String(error))
    if (typeof answer !== 'string' && answer.status === wanted) return answer
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
