module.exports = require('actionhero/config/plugins')
