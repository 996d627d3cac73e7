// Stands for the app behind nginx: answers with what it was asked, as JSON.
//   /cut/N  resets the connection the first N times, whatever the method
//   /big    a page that is worth compressing
//   /own    an answer that is not to be kept
//   /full   503 of its own
//   /slow   an answer after half a second
'use strict'

const fs = require('fs')
const http = require('http')

let requests = 0
const cuts = {}

function seen (request) {
  return JSON.stringify({ requests, method: request.method, url: request.url, headers: request.headers })
}

const server = http.createServer((request, response) => {
  requests += 1
  const cut = /^\/cut\/(\d+)/.exec(request.url)
  if (cut) {
    cuts[request.url] = (cuts[request.url] || 0) + 1
    if (cuts[request.url] <= Number(cut[1])) {
      request.socket.destroy()
      return
    }
  }
  response.setHeader('Content-Type', 'application/json')
  if (request.url === '/own') response.setHeader('Cache-Control', 'private')
  if (request.url === '/full') response.statusCode = 503
  const body = request.url === '/big' ? JSON.stringify('a'.repeat(100000)) : seen(request)
  setTimeout(() => response.end(body), request.url === '/slow' ? 500 : 0)
})

server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  socket.write(seen(request) + '\n')
  socket.pipe(socket)
})

server.listen(process.argv[2], () => fs.chmodSync(process.argv[2], 0o777))
process.on('SIGTERM', () => process.exit(0))
