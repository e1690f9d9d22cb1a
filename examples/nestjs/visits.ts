// A Nest module that knows nothing of the platform below: its controllers are given the session by a parameter decorator.
//
// Node runs this file as it is, and what it strips of TypeScript are types, not decorators; so they are applied here as the
// functions that they are. In a Nest project you write `@Controller()`, `@Get()` and `@VisitorSession() session: …`.
import { Controller, createParamDecorator, Get, Module, Post, type ExecutionContext } from '@nestjs/common'
import { sessions, type Session } from 'drover'
import { sessionOf } from 'drover/fastify'

export interface Visits {
  count: number
}

export const visits = sessions<Visits>({ store: process.env['SESSION_STORE'] ?? 'sqlite:.drover/nestjs.db' })

/** The session of the request. `sessionOf` takes the request of Fastify, and the one of node:http that Express builds on. */
const VisitorSession = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  sessionOf(context.switchToHttp().getRequest(), visits),
)

type VisitSession = Session<Partial<Visits>>

class VisitsController {
  async visit(session: VisitSession): Promise<object> {
    const data = await session.data()
    data.count = (data.count ?? 0) + 1
    return { visits: data.count, user: (await session.principal()) ?? null, process: process.pid }
  }

  async signIn(session: VisitSession): Promise<object> {
    // An example: yours asks for a password, or whatever proves it, before this line.
    await session.login('ann', { device: 'an example' })
    return { user: 'ann' }
  }

  async signOut(session: VisitSession): Promise<object> {
    await session.logout()
    return { user: null }
  }
}

function route(name: 'visit' | 'signIn' | 'signOut', decorator: MethodDecorator): void {
  const descriptor = Object.getOwnPropertyDescriptor(VisitsController.prototype, name)
  if (descriptor !== undefined) decorator(VisitsController.prototype, name, descriptor)
  VisitorSession()(VisitsController.prototype, name, 0)
}

Controller()(VisitsController)
route('visit', Get('/'))
route('signIn', Post('/sign-in'))
route('signOut', Post('/sign-out'))

export class VisitsModule {
  readonly name = 'visits'
}
Module({ controllers: [VisitsController] })(VisitsModule)
