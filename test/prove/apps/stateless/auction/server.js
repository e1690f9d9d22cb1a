const { createServer } = require('http');
const { Server } = require('socket.io');

const server = createServer((req, res) => res.end('auction'));
const io = new Server(server, { transports: ['websocket'] });
const at = `${process.env.STORE_URL}/bids`;

io.on('connection', (socket) => {
  socket.on('join', (lot) => {
    socket.join(lot);
    socket.emit('joined', lot);
  });
  socket.on('bid', ({ lot, amount }) => {
    fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify({ lot, amount }) });
  });
});

// As an adapter does: every server tells its own sockets what was published outside.
let seen = 0;
setInterval(async () => {
  const bids = (await (await fetch(at)).json()) || [];
  for (const bid of bids.slice(seen)) io.to(bid.lot).emit('bid', bid);
  seen = bids.length;
}, 40);

server.listen(process.env.PORT);
