// A balancer as others build them: clients in a closed loop over kept connections, and a probe of readiness at whose first no
// they send nothing more.
import { connect } from 'node:net'
import { call } from '../../balancer/support/client.ts'

const requestText = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'

export class ForeignBalancer {
  answered = 0
  /** Answers that said that their connection ends. */
  lastAnswers = 0
  readonly failures: string[] = []
  /** Resolves when the probe has failed and the last answer has come. */
  readonly stopped: Promise<unknown>
  readonly #port: number
  #isSending = true

  constructor(port: number, clients: number) {
    this.#port = port
    this.stopped = Promise.all([this.#probe(), ...Array.from({ length: clients }, () => this.#runClient())])
  }

  stop(): void {
    this.#isSending = false
  }

  async #probe(): Promise<void> {
    while (this.#isSending) {
      const { status } = await call(this.#port, '/readyz')
      // What it has noticed it acts on a little later, as real ones do: the others have sent more by then.
      if (status === 503 && this.lastAnswers > 20) this.#isSending = false
    }
  }

  async #runClient(): Promise<void> {
    while (this.#isSending) await this.#runConnection()
  }

  /** Sends again and again, until told that the connection ends. */
  #runConnection(): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port })
      let received = ''
      let isWaiting = true
      const send = () => {
        isWaiting = true
        received = ''
        socket.write(requestText)
      }
      socket.setEncoding('latin1').once('connect', send)
      socket.on('data', (chunk: string) => {
        received += chunk
        if (!received.endsWith('hello')) return
        isWaiting = false
        this.answered += 1
        const isLast = /^connection: close\r$/im.test(received)
        if (isLast) this.lastAnswers += 1
        if (isLast || !this.#isSending) socket.end()
        else send()
      })
      socket.on('error', (error) => (received += error.message))
      socket.once('close', () => {
        if (isWaiting) this.failures.push(`ended after ${JSON.stringify(received)}`)
        resolve()
      })
    })
  }
}
