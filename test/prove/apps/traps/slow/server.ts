// The first request waits for a compilation, one endpoint always takes its time, and another one varies.
import { setTimeout as pause } from 'node:timers/promises'
import Fastify from 'fastify'

const app = Fastify()
let compiled: Promise<(name: string) => string> | undefined

async function compile(): Promise<(name: string) => string> {
  await pause(400)
  return (name) => `<h1>Dear ${name}</h1>`
}

app.get<{ Params: { name: string } }>('/letter/:name', async ({ params }, reply) => {
  compiled ??= compile()
  return reply.type('text/html').send((await compiled)(params.name))
})

app.get('/survey', async () => {
  await pause(800)
  return { answers: 12 }
})

app.get('/quick', async () => {
  await pause(Math.random() * 60)
  return { quick: true }
})

await app.listen({ port: Number(process.env['PORT']) })
