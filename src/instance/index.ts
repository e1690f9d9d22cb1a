// drover/instance: what runs inside an instance. Health, drain, leaving behind any balancer, telemetry.
export { serve } from './serve.ts'
export type { ServedInstance } from './served-instance.ts'
export type { App, FastifyApp, FetchApp } from './app.ts'
export type { HealthPaths, ServeOptions } from './options.ts'
export type { CutWork } from './connections.ts'
export type { IdempotentRoute } from './idempotent-routes.ts'
export type { AnnouncedRoute, InstanceState, InstanceTelemetry } from '../base/instance-telemetry.ts'
