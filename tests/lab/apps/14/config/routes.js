module.exports = require('actionhero/config/routes')
