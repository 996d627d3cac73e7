'use strict'

const stock = require('actionhero/config/servers/web')

const port = process.env.PORT

exports.default = {
  servers: {
    web: (api) => Object.assign(stock.default.servers.web(api), {
      // A worker has a private server for health checks, and only when it is told where.
      enabled: process.env.ACTIONHERO_ROLE !== 'worker' || port !== undefined,
      port: port || 8080,
      // Only with null does ActionHero make the socket one that nginx's user may connect to.
      bindIP: String(port).startsWith('/') ? null : '127.0.0.1',
      bootAttempts: 3,
      padding: null
    })
  }
}
