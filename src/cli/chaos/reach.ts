// Whether others than this machine can reach a fleet.
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isLoopback } from '../../base/loopback.ts'

const connectTimeoutMs = 1_000

/**
 * A fleet that listens on every address shows a loopback URL, so the system is asked: where its port can also be connected
 * to under another address of this machine, it is open.
 */
export async function isOpenToOthers(
  url: string,
  addresses: readonly string[] = ownAddresses(),
): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (host !== 'localhost' && !isLoopback(host)) return true
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  const answers = await Promise.all(addresses.map((address) => canConnect(address, number)))
  return answers.includes(true)
}

/** Those that others may know. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((those) => those ?? [])
    .filter(({ internal, scopeid = 0 }) => !internal && scopeid === 0)
    .map(({ address }) => address)
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectTimeoutMs })
    const end = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => {
      end(true)
    })
    socket.once('timeout', () => {
      end(false)
    })
    socket.once('error', () => {
      end(false)
    })
  })
}
