// Listens for the key that ends a live view. While it does, the terminal hands every key over at once, Ctrl-C among them.
import type { ReadStream } from 'node:tty'

/** `q`, Ctrl-C and Ctrl-D. */
const endKeys: readonly string[] = ['q', 'Q', '\u0003', '\u0004']

/** Calls `onEnd` when a key that ends things is pressed on `keyboard`; what it returns gives the terminal back. Does nothing without a terminal. */
export function listenForEnd(keyboard: ReadStream, onEnd: () => void): () => void {
  if (!keyboard.isTTY) return () => undefined
  const press = (keys: Buffer) => {
    const text = keys.toString('utf8')
    if (endKeys.some((key) => text.includes(key))) onEnd()
  }
  keyboard.setRawMode(true)
  keyboard.on('data', press)
  // One that went away is told by a signal.
  keyboard.on('error', () => undefined)
  return () => {
    keyboard.off('data', press)
    keyboard.setRawMode(false)
    keyboard.pause()
  }
}
