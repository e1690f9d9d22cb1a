// The request as it goes to an instance: the client's, with who it is to logs and traces, the key that licenses its repeat,
// and the word of the balancer's own.
import { startKey } from '../../base/wire.ts'
import type { RosterEntry } from '../choosing/roster.ts'
import type { ClientStream } from '../client/client-stream.ts'
import type { RequestIdentity } from '../telemetry/identity.ts'
import { mayExplain } from '../telemetry/trace.ts'
import { writeRequestHead } from '../upstream/request-head.ts'
import type { ExchangeContext, ExchangeSettings } from './context.ts'
import { mintKey, type KeyLicence } from './enforced-routes.ts'
import { isRepeatable } from './retry.ts'

export class OutgoingRequest {
  readonly identity: RequestIdentity
  readonly #stream: ClientStream
  /** As they were when the request came. */
  readonly #settings: ExchangeSettings
  readonly #context: ExchangeContext
  readonly #licence: KeyLicence
  #mintedKey: string | undefined

  constructor(stream: ClientStream, context: ExchangeContext) {
    const { settings, identities } = context
    this.#stream = stream
    this.#settings = settings
    this.#context = context
    this.identity = identities.identify(stream.head.rawHeaders)
    this.#licence = settings.routes.license(stream.head)
  }

  /**
   * It carries a key that its route is known to enforce, or will. Also now: an instance that has come since, of a version that does not
   * announce the route, takes the licence away.
   */
  get keyEnforced(): boolean {
    if (this.#licence === 'none') return false
    const { settings } = this.#context
    return settings === this.#settings || settings.routes.license(this.#stream.head) !== 'none'
  }

  /** R1 lets it be sent again after it may have taken effect. */
  get repeatable(): boolean {
    return isRepeatable(this.#stream.head.method) || this.keyEnforced
  }

  /** Its instance may hold a lease on its key that outlives it, and can be told by others: we share a secret with them. */
  get mayHoldLease(): boolean {
    return this.keyEnforced && this.#settings.marker !== undefined && !isRepeatable(this.#stream.head.method)
  }

  /** The client asks how it fared, and may be told. */
  get explains(): boolean {
    if (!this.identity.asksTrace || !this.#settings.trace) return false
    return mayExplain(this.#stream.client.remoteAddress, this.#stream.head.rawHeaders)
  }

  /** Its head in latin1, the same for every attempt but for `dead`: instances of earlier ones that are known to be dead. */
  write(dead: readonly RosterEntry[]): string {
    const { client, head } = this.#stream
    if (this.#licence === 'minted') this.#mintedKey ??= mintKey(this.#context.randomBytes(16))
    return writeRequestHead({
      method: head.method,
      target: head.target,
      rawHeaders: head.rawHeaders,
      remoteAddress: client.remoteAddress,
      encrypted: client.encrypted,
      upgrade: head.upgrade,
      trustForwarded: this.#settings.trustForwarded,
      chunked: head.body === 'chunked',
      requestId: this.identity.requestId,
      traceparent: this.identity.traceparent,
      keepsTracestate: this.identity.keepsTracestate,
      mintedKey: this.#mintedKey,
      deadOwner: this.#deadOwners(dead),
    })
  }

  #deadOwners(dead: readonly RosterEntry[]): string | undefined {
    if (dead.length === 0 || !this.mayHoldLease) return undefined
    const owners = dead.map(({ upstream }) => startKey(upstream))
    return [this.#settings.marker, ...owners].join(' ')
  }
}
