// Records of exchanges as the balancer would make them.
import type { AttemptRecord, ExchangeRecord } from '../../../src/balancer/exchange/record.ts'

export function recordOf(changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    requestId: 'abc-1',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    method: 'GET',
    target: '/',
    version: '1.1',
    remoteAddress: '127.0.0.1',
    startedMs: 1_000,
    endedMs: 1_020,
    queueMs: 0,
    status: 200,
    bytesOut: 100,
    end: 'answered',
    why: '',
    attempts: [attemptOf()],
    ...changes,
  }
}

export function attemptOf(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    instance: '1',
    startedMs: 1_001,
    endedMs: 1_019,
    outcome: 'answered',
    progress: 'passed',
    why: '',
    ...changes,
  }
}
