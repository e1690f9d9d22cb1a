const { createServer } = require('http');
const { Server } = require('socket.io');

const server = createServer((req, res) => res.end('auction'));
const io = new Server(server, { transports: ['websocket'] }); // state:declared

io.on('connection', (socket) => {
  socket.on('join', (lot) => {
    socket.join(lot); // state:written
    socket.emit('joined', lot);
  });
  socket.on('bid', ({ lot, amount }) => {
    io.to(lot).emit('bid', { lot, amount }); // state:written
  });
});

server.listen(process.env.PORT);
