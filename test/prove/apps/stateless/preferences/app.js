'use strict';

const fastify = require('fastify')({ logger: false });
const at = (sid) => `${process.env.STORE_URL}/${encodeURIComponent(sid)}`;

// The session plugin's port, kept outside.
const store = {
  set: (sid, session, done) =>
    void fetch(at(sid), { method: 'PUT', body: JSON.stringify(session) }).then(() => done(), done),
  get: (sid, done) =>
    void fetch(at(sid)).then((found) => found.json()).then((session) => done(null, session), done),
  destroy: (sid, done) => void fetch(at(sid), { method: 'DELETE' }).then(() => done(), done),
};

fastify.register(require('@fastify/cookie'));
fastify.register(require('@fastify/session'), {
  store,
  secret: process.env.COOKIE_SECRET || 'a secret with minimum length of 32 characters',
  cookie: { secure: false },
});

fastify.get('/preferences', async (request) => {
  return { theme: 'light', language: 'en', ...request.session.preferences };
});

fastify.put('/preferences', async (request, reply) => {
  request.session.preferences = { ...request.session.preferences, ...request.body };
  return reply.code(204).send();
});

fastify.delete('/preferences', async (request, reply) => {
  await request.session.destroy();
  return reply.code(204).send();
});

fastify.listen({ port: Number(process.env.PORT) || 3000, host: '0.0.0.0' });
