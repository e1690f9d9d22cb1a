// A signed-in page holds a Socket.IO socket, which is taken up again with whichever server answers.
/* global io */
const retryAfterMs = 500

/** `page` is told what happens. Gives what the page does: enter when somebody may be signed in, and say something. */
export function joinChat(page) {
  const socket = io({
    transports: ['websocket'],
    autoConnect: false,
    auth: (give) => give({ after: page.lastId() }),
  })
  socket.on('hello', page.onHello)
  socket.on('message', page.onMessage)
  socket.on('disconnect', () => {
    // Only where the server ended it, as it does with the session, does Socket.IO not come back by itself.
    if (socket.active) page.onWaiting()
    else page.onSignedOut()
  })
  socket.on('connect_error', ({ data }) => {
    if (data?.status === 401) page.onSignedOut()
    else {
      page.onWaiting()
      // An outage is no sign-out: refused in the server's words, Socket.IO would not try again by itself.
      if (!socket.active) setTimeout(() => socket.connect(), retryAfterMs * (1 + Math.random()))
    }
  })
  return {
    enter: () => socket.connect(),
    /** Whether it was sent. */
    say(text) {
      if (!socket.connected) return false
      socket.emit('say', text)
      return true
    },
  }
}
