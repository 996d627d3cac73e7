module.exports = require('actionhero/config/errors')
