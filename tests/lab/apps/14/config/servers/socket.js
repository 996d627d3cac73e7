// Off unless ENABLE_TCP_SERVER is set.
module.exports = require('actionhero/config/servers/socket')
