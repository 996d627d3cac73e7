module.exports = require('actionhero/actions/status')
