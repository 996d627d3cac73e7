module.exports = require('actionhero/config/logger')
