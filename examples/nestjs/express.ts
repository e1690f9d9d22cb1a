// The app on Nest's Express platform.
import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { expressSessions } from 'drover/express'
import { visits, VisitsModule } from './visits.ts'

const app = await NestFactory.create(VisitsModule, new ExpressAdapter(), { logger: ['error', 'warn'] })
app.use(expressSessions(visits))
app.enableShutdownHooks()
await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
