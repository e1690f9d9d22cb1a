// What the benchmark uses of cookie-session, which comes without types.
declare module 'cookie-session' {
  import type { RequestHandler } from 'express'

  export default function cookieSession(options: {
    readonly secret: string
    readonly secure: boolean
    readonly maxAge?: number
  }): RequestHandler
}
