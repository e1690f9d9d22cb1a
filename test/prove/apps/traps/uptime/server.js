// A status page with numbers that differ on each look, from one and the same server too.
const express = require('express');
const os = require('os');

const app = express();
const version = '3.2.0';

app.get('/status', (req, res) => {
  res.json({
    status: 'ok',
    version,
    uptime: process.uptime(),
    memory: process.memoryUsage(),
    load: os.loadavg(),
    cpu: process.cpuUsage().user,
  });
});

app.get('/healthz', (req, res) => res.type('text').send('ok'));
app.get('/greeting/:name', (req, res) => res.send(`<p>Hello ${req.params.name}, it took ${process.hrtime()[1]} ns</p>`));

app.listen(process.env.PORT);
