'use strict'

const path = require('path')
const stock = require('actionhero/config/api')

const beside = (name) => [path.join(__dirname, '..', name)]

exports.default = {
  general: (api) => Object.assign(stock.default.general(api), {
    serverToken: process.env.SERVER_TOKEN || 'only for the lab',
    developmentMode: false,
    paths: {
      action: beside('actions'),
      task: beside('tasks'),
      public: beside('public'),
      pid: beside('pids'),
      log: beside('log'),
      server: beside('servers'),
      initializer: beside('initializers'),
      plugin: beside('node_modules'),
      locale: [path.join(require.resolve('actionhero/package.json'), '..', 'locales')],
      cli: beside('bin')
    }
  })
}
