'use strict'

const stock = require('actionhero/config/servers/websocket')

exports.default = {
  servers: {
    websocket: (api) => Object.assign(stock.default.servers.websocket(api), {
      enabled: process.env.ACTIONHERO_ROLE !== 'worker',
      clientJsName: '' // minifying the client at every start is a third of its CPU
    })
  }
}
