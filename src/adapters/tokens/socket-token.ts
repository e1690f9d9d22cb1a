// The token of an open socket: looked at again and again, since a socket outlives the request that it came with.
import { DroverError } from '../../base/errors.ts'
import type { AccessToken, VerifyOptions } from '../../tokens/access-checks.ts'
import { invalidToken } from '../../tokens/refusal.ts'
import type { TokenReader } from '../../tokens/tokens.ts'
import type { JudgedToken } from './admit.ts'

/** How often a socket's token is looked at, on average: in memory, as a rule. */
const lookEveryMs = 1_000

/** What ends a socket: a token that has expired, was revoked, or is none any more. */
export type OnTokenEnd = (error: DroverError) => void

export class SocketToken<Claims extends object = Record<string, unknown>> {
  readonly #reader: TokenReader<Claims>
  readonly #options: VerifyOptions
  /** Scopes do not change, and how long ago somebody signed in was asked as the socket was opened. */
  readonly #lookOptions: VerifyOptions
  #token: AccessToken<Claims> | undefined
  /** Asks again of the current token; undefined where there is none. */
  #recheck: (() => Promise<void>) | undefined

  constructor(
    reader: TokenReader<Claims>,
    options: VerifyOptions,
    { text, token }: Pick<JudgedToken<Claims>, 'text' | 'token'>,
  ) {
    this.#reader = reader
    this.#options = options
    this.#lookOptions = options.whenCut === undefined ? {} : { whenCut: options.whenCut }
    this.#token = token
    if (text !== undefined && token !== undefined) this.#recheck = reader.recheck(text, this.#lookOptions)
  }

  /** The token that counts now; undefined for a visitor, where tokens are not required. */
  get current(): AccessToken<Claims> | undefined {
    return this.#token
  }

  /**
   * Takes a newer access token, which the client has sent over the socket, in place of the current one: the socket stays open for as long as that is good.
   * Rejects as `verify` does, and with TOKEN_INVALID for a token of somebody else; then the current one stays.
   */
  async renew(accessToken: unknown): Promise<AccessToken<Claims>> {
    const token = await this.#reader.verify(accessToken, this.#options)
    if (this.current !== undefined && this.current.principal !== token.principal)
      throw invalidToken('the socket is that of another principal')
    this.#token = token
    this.#recheck = this.#reader.recheck(String(accessToken), this.#lookOptions)
    return token
  }

  /**
   * Calls `onEnd` once the current token has expired or was revoked, on whichever server, within two seconds. Where it cannot be told whether it was revoked,
   * it counts until it expires. Returns what stops watching.
   */
  watch(onEnd: OnTokenEnd): () => void {
    let timer: NodeJS.Timeout | undefined
    let isStopped = false
    const schedule = () => {
      // Sockets that were opened at once, as after a deploy, are not looked at in one go.
      const pauseMs = lookEveryMs * (0.5 + Math.random())
      timer = setTimeout(() => void look(), pauseMs).unref()
    }
    const look = async () => {
      const recheck = this.#recheck
      const error = await this.#ended()
      if (isStopped) return
      if (error === undefined || recheck !== this.#recheck) schedule()
      else onEnd(error)
    }
    schedule()
    return () => {
      isStopped = true
      clearTimeout(timer)
    }
  }

  async #ended(): Promise<DroverError | undefined> {
    const [token, recheck] = [this.#token, this.#recheck]
    if (token === undefined || recheck === undefined) return undefined
    try {
      await recheck()
      return undefined
    } catch (error) {
      if (error instanceof DroverError && error.status < 500) return error
      if (!(error instanceof DroverError)) this.#reader.report(error)
      return token.expiresAt.getTime() > Date.now() ? undefined : expired()
    }
  }
}

function expired(): DroverError {
  return new DroverError('TOKEN_EXPIRED', 'Cannot keep the socket: its token has expired')
}
