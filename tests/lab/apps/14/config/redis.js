// The stock file takes REDIS_HOST and REDIS_PORT from the environment.
module.exports = require('actionhero/config/redis')
