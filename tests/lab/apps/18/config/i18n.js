'use strict'

const stock = require('actionhero/config/i18n')

exports.default = {
  i18n: (api) => Object.assign(stock.default.i18n(api), { updateFiles: false })
}
