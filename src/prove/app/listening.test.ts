import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseLsof, parseTcpTable } from './listening.ts'

describe('parseTcpTable', () => {
  it('reads listening sockets of both families as one connects to them', () => {
    const line = (address: string, state: string, inode: number) =>
      `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      line('00000000:0BB8', '0A', 11),
      line('0100007F:1F90', '0A', 12),
      line('0100007F:1F91', '01', 13),
      line('00000000000000000000000001000000:0BB9', '0A', 14),
      line('00000000000000000000000000000000:0BBA', '0A', 15),
      line('0000000000000000FFFF00000100007F:0BBB', '0A', 16),
    ].join('\n')
    assert.deepEqual(
      parseTcpTable(table).map(({ host, port, inode }) => `${host} ${port} ${inode}`),
      ['127.0.0.1 3000 11', '127.0.0.1 8080 12', '::1 3001 14', '127.0.0.1 3002 15', '127.0.0.1 3003 16'],
    )
  })
})

describe('parseLsof', () => {
  it('reads addresses as one connects to them', () => {
    assert.deepEqual(parseLsof('p12\nf20\nn*:3000\nn[::1]:3001\nn127.0.0.1:3002\n'), [
      { port: 3000, host: '127.0.0.1' },
      { port: 3001, host: '::1' },
      { port: 3002, host: '127.0.0.1' },
    ])
  })
})
