module.exports = require('actionhero/config/i18n')
