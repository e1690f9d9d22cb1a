// Somebody who shops over JSON, with a browser's memory for cookies.

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export class Visitor {
  readonly #cookies = new Map<string, string>()

  get cookies(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  get(url: string): Promise<Answer> {
    return this.send(url, {})
  }

  post(url: string, body?: unknown): Promise<Answer> {
    if (body === undefined) return this.send(url, { method: 'POST' })
    const headers = { 'content-type': 'application/json' }
    return this.send(url, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /** Sends a form, as a browser's page would. */
  form(url: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const headers = { 'sec-fetch-site': 'same-origin' }
    return this.send(url, { method: 'POST', headers, body: new URLSearchParams(fields) })
  }

  async send(url: string, request: RequestInit): Promise<Answer> {
    const headers = new Headers(request.headers)
    if (this.#cookies.size > 0) headers.set('cookie', this.cookies)
    const response = await fetch(url, { ...request, headers, redirect: 'manual' })
    this.#remember(response)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    }
  }

  #remember(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const [name = '', value = ''] = pair.split('=', 2)
      const isGone = attributes.some((attribute) =>
        /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(attribute),
      )
      if (isGone) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
  }
}
