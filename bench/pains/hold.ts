// Holds requests inside the app, after they have read their session; see contenders/pains/app.ts.
import { Visitor } from './visitor.ts'

/** Resolves once a request of that name waits there. Asked without cookies: no session has a part in it. */
export async function held(origin: string, name: string): Promise<void> {
  await new Visitor().ask(`${origin}/held/${name}`)
}

export async function release(origin: string, name: string): Promise<void> {
  await new Visitor().ask(`${origin}/release/${name}`)
}

/** Resolves once the server has answered something else meanwhile. */
export async function pulse(origin: string): Promise<void> {
  await new Visitor().ask(`${origin}/pulse`)
}
