// The libraries that the pains are tried on.

export interface Subject {
  readonly name: string
  /** The program under contenders/. */
  readonly program: string
  readonly keeps: 'in a store' | 'in the cookie'
  readonly nearCache: boolean
}

const peers: readonly Subject[] = [
  {
    name: 'express-session',
    program: 'connect-redis/pains-express-session',
    keeps: 'in a store',
    nearCache: false,
  },
  {
    name: '@fastify/session',
    program: 'connect-redis/pains-fastify-session',
    keeps: 'in a store',
    nearCache: false,
  },
  { name: 'iron-session', program: 'pains/iron-session', keeps: 'in the cookie', nearCache: false },
  { name: 'cookie-session', program: 'pains/cookie-session', keeps: 'in the cookie', nearCache: false },
]

const ours: readonly Subject[] = [
  { name: 'Drover', program: 'pains/drover', keeps: 'in a store', nearCache: false },
  { name: 'Drover, near cache', program: 'pains/drover', keeps: 'in a store', nearCache: true },
]

export const subjects: readonly Subject[] = [...peers, ...ours]
