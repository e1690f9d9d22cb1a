// The same app on Nest's Fastify platform.
import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { fastifySessions } from 'drover/fastify'
import { visits, VisitsModule } from './visits.ts'

const app = await NestFactory.create<NestFastifyApplication>(VisitsModule, new FastifyAdapter(), {
  logger: ['error', 'warn'],
})
await app.register(fastifySessions(visits))
app.enableShutdownHooks()
await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
