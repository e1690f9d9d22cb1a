// Messages that the app sends to others than the one that made it do so: which line sends them.
import { AsyncLocalStorage } from 'node:async_hooks'
import { basename } from 'node:path'
import { current, isOpening } from './context.ts'
import type { AppEvent } from './event.ts'
import { type Frames, packageIn } from './frames.ts'
import { isObject } from './owners.ts'

export interface SocketPorts {
  readonly emit: (event: Omit<AppEvent, 'pid'>) => void
  readonly frames: Pick<Frames, 'here'>
}

const shownLength = 300

export class SocketWatch {
  readonly #ports: SocketPorts
  readonly #told = new Set<string>()
  /** The socket whose message is being handled. */
  readonly #asking = new AsyncLocalStorage<unknown>()

  constructor(ports: SocketPorts) {
    this.#ports = ports
  }

  /** A CommonJS module of a package was run. */
  ran(file: string, exports: unknown): void {
    const name = packageIn(file)
    if (name === 'ws' && /[/\\]websocket\.js$/i.test(file)) this.#watchSockets(exports)
    if (name === 'socket.io' && basename(file) === 'broadcast-operator.js' && isObject(exports))
      this.#watchBroadcasts(Reflect.get(exports, 'BroadcastOperator'))
  }

  #watchSockets(socketClass: unknown): void {
    const prototype = prototypeOf(socketClass)
    const emit: unknown = prototype === undefined ? undefined : Reflect.get(prototype, 'emit')
    if (prototype === undefined || typeof emit !== 'function') return
    const asking = this.#asking
    Object.defineProperty(prototype, 'emit', {
      value: function (this: unknown, ...args: readonly unknown[]): unknown {
        const call = (): unknown => Reflect.apply(emit, this, args)
        return args[0] === 'message' ? asking.run(this, call) : call()
      },
      configurable: true,
      writable: true,
    })
    before(prototype, 'send', (self, [data]) => {
      const asker = asking.getStore()
      // As it is greeted, a socket hears of nothing that others did.
      const isGreeted = asker === undefined && isOpening(current())
      if (asker !== self && !isGreeted) this.#tell('ws', textOf(data))
    })
  }

  /** Whoever asks for a broadcast, an operator makes it. */
  #watchBroadcasts(operatorClass: unknown): void {
    const prototype = prototypeOf(operatorClass)
    if (prototype === undefined) return
    before(prototype, 'emit', (_, args) => {
      this.#tell('socket.io', textOf(args.filter((each) => typeof each !== 'function')))
    })
  }

  /** Something is written to an answer that another request is still getting. Looking must not change what happens. */
  wrote(chunk: unknown): void {
    try {
      this.#tell(undefined, textOf(chunk))
    } catch {
      // It is sent all the same.
    }
  }

  /** `from`: the package that sends; undefined: Node itself. */
  #tell(from: string | undefined, text: string): void {
    const frame = this.#ports.frames.here()
    // What Socket.IO sends over ws is told where it was asked for, and not over which socket it went.
    if (frame.place === undefined || (from === 'ws' && frame.package === 'socket.io')) return
    const key = `${frame.place.file}:${frame.place.line} ${text}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#ports.emit({
      event: 'broadcast',
      ...current(),
      ...(from === undefined ? {} : { package: from }),
      detail: text,
      writtenAt: frame.place,
    })
  }
}

function prototypeOf(made: unknown): object | undefined {
  const prototype: unknown = typeof made === 'function' ? made.prototype : undefined
  return isObject(prototype) ? prototype : undefined
}

function textOf(data: unknown): string {
  try {
    const text = typeof data === 'string' || Buffer.isBuffer(data) ? data.toString() : JSON.stringify(data)
    return text.slice(0, shownLength)
  } catch {
    return ''
  }
}

/** Looking must not change what happens. */
function before(
  prototype: object,
  name: string,
  look: (self: unknown, args: readonly unknown[]) => void,
): void {
  const method: unknown = Reflect.get(prototype, name)
  if (typeof method !== 'function') return
  Object.defineProperty(prototype, name, {
    value: function (this: unknown, ...args: readonly unknown[]): unknown {
      try {
        look(this, args)
      } catch {
        // It is sent all the same.
      }
      return Reflect.apply(method, this, args)
    },
    configurable: true,
    writable: true,
  })
}
