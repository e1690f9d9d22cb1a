'use strict';

const fastify = require('fastify')({ logger: false });

fastify.register(require('@fastify/cookie'));
// state:declared
fastify.register(require('@fastify/session'), {
  secret: process.env.COOKIE_SECRET || 'a secret with minimum length of 32 characters',
  cookie: { secure: false },
});

fastify.get('/preferences', async (request) => {
  return { theme: 'light', language: 'en', ...request.session.preferences };
});

fastify.put('/preferences', async (request, reply) => {
  request.session.preferences = { ...request.session.preferences, ...request.body }; // state:written
  return reply.code(204).send();
});

fastify.delete('/preferences', async (request, reply) => {
  await request.session.destroy();
  return reply.code(204).send();
});

fastify.listen({ port: Number(process.env.PORT) || 3000, host: '0.0.0.0' });
