// The chat's page: what it shows, and what its forms and buttons send. How messages come and go is in transport.js.
import { joinChat } from './transport.js'

const element = (id) => document.getElementById(id)
let lastId = 0

const chat = joinChat({
  /** The newest message of this page, so that a new socket brings only what came after it. */
  lastId: () => lastId,
  onHello({ user, server }) {
    showStatus(`${user}, on server ${server}`)
    element('sign-in').hidden = true
    element('chat').hidden = false
  },
  onMessage({ id, user, text, server }) {
    if (id <= lastId) return
    lastId = id
    const item = document.createElement('li')
    const head = document.createElement('small')
    head.textContent = `${user} · taken by server ${server}`
    item.append(head, text)
    element('messages').append(item)
    item.scrollIntoView({ block: 'end' })
  },
  onWaiting() {
    showStatus('Connecting …')
  },
  onSignedOut() {
    showStatus('Nobody is signed in')
    element('chat').hidden = true
    element('sign-in').hidden = false
    // The next to sign in here may be somebody else.
    element('messages').replaceChildren()
    lastId = 0
  },
})

function showStatus(text) {
  element('status').textContent = text
}

/** Whether the server did it; shows why where it did not. */
async function post(path, body = {}) {
  const headers = { 'content-type': 'application/json' }
  const request = { method: 'POST', headers, body: JSON.stringify(body) }
  const answer = await fetch(path, request).catch(() => undefined)
  if (answer?.ok) return true
  showStatus(answer?.status === 422 ? 'A name has 1 to 20 characters' : 'Please try again in a moment')
  return false
}

async function signIn() {
  const name = element('name').value.trim()
  if (await post('/sign-in', { name })) chat.enter()
}

element('sign-in').addEventListener('submit', (event) => {
  event.preventDefault()
  void signIn()
})
element('say').addEventListener('submit', (event) => {
  event.preventDefault()
  if (chat.say(element('text').value)) element('text').value = ''
})
// The server closes the socket, and that changes the page: this one as those in the user's other browsers.
for (const path of ['sign-out', 'sign-out-everywhere'])
  element(path).addEventListener('click', () => void post(`/${path}`))

chat.enter()
