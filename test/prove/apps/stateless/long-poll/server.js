const { randomBytes } = require('node:crypto')
const { setTimeout: pause } = require('node:timers/promises')
const fastify = require('fastify')()

const at = (sid) => `${process.env.STORE_URL}/queue-${sid}`
const push = (sid, text) => fetch(`${at(sid)}?op=push`, { method: 'POST', body: JSON.stringify(text) })

fastify.post('/connect', async () => {
  const sid = randomBytes(9).toString('base64url')
  await push(sid, 'welcome')
  return { sid }
})

fastify.post('/send/:sid', async (request) => {
  await push(request.params.sid, `echo ${request.body.text}`)
  return { ok: true }
})

fastify.get('/poll/:sid', async (request) => {
  const { sid } = request.params
  for (let tries = 0; tries < 40; tries++) {
    const messages = (await (await fetch(at(sid))).json()) ?? []
    if (messages.length > 0) {
      await fetch(at(sid), { method: 'PUT', body: '[]' })
      return { messages }
    }
    await pause(50)
  }
  return { messages: [] }
})

fastify.listen({ port: Number(process.env.PORT) })
