'use strict'

const stock = require('actionhero/config/tasks')

const works = process.env.ACTIONHERO_ROLE === 'worker'

exports.default = {
  tasks: (api) => Object.assign(stock.default.tasks(api), {
    scheduler: works,
    minTaskProcessors: works ? 1 : 0,
    maxTaskProcessors: works ? 2 : 0
  })
}
