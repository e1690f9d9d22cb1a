// What every response says to the browser: run nothing but ours, guess nothing, keep nothing.
import type { NextFunction, Request, Response } from 'express'

const policy = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function safeHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    // Pages and answers are one visitor's own; the style sheet says otherwise for itself.
    'cache-control': 'no-store',
  })
  next()
}
