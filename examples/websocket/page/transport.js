// A signed-in page holds a WebSocket, and takes it up again with whichever server answers.
const sessionEnded = 1008
const retryAfterMs = 500

/** `page` is told what happens. Gives what the page does: enter when somebody may be signed in, and say something. */
export function joinChat(page) {
  let socket

  async function enter() {
    try {
      // A browser does not tell why an upgrade was refused, so ask before it.
      const answer = await fetch('/me')
      // An outage is no sign-out: try again.
      if (!answer.ok) retry()
      else if ((await answer.json()).user === null) page.onSignedOut()
      else connect()
    } catch {
      retry()
    }
  }

  function connect() {
    const address = `${location.origin.replace('http', 'ws')}/?after=${page.lastId()}`
    socket = new WebSocket(address)
    socket.addEventListener('message', ({ data }) => {
      const { hello, message } = JSON.parse(data)
      if (hello === undefined) page.onMessage(message)
      else page.onHello(hello)
    })
    socket.addEventListener('close', ({ code }) => {
      if (code === sessionEnded) page.onSignedOut()
      else retry()
    })
  }

  function retry() {
    page.onWaiting()
    // Not all at once, when a server had many.
    setTimeout(enter, retryAfterMs * (1 + Math.random()))
  }

  /** Whether it was sent. */
  function say(text) {
    if (socket?.readyState !== WebSocket.OPEN) return false
    socket.send(text)
    return true
  }

  return { enter: () => void enter(), say }
}
