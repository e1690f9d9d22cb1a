// Says why a server could not listen, in words that lead to what can be done.
import { DroverError } from '../base/errors.ts'
import type { Address } from './app.ts'

/** The system's error as ours where it is about the address; any other as it is. */
export function listenError(error: unknown, { port, host }: Address): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return new DroverError(
        'PORT_TAKEN',
        `Cannot listen on ${at}: another process does; stop it, or choose another port with the option port or with PORT`,
        { cause: error },
      )
    case 'EACCES':
      return new DroverError(
        'OPTION_INVALID',
        `Cannot use port ${port}: the system permits it to root only`,
        {
          cause: error,
        },
      )
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new DroverError(
        'OPTION_INVALID',
        `Cannot use host "${host}": wanted an address of this machine`,
        {
          cause: error,
        },
      )
    default:
      return error
  }
}
