'use strict'

const SECONDS = 3

exports.slow = {
  name: 'slow',
  description: 'Takes ' + SECONDS + ' s, so that a deploy can meet requests in flight',
  inputs: {},
  outputExample: { pid: 4711 },

  run: function (api, data, next) {
    data.response.pid = process.pid
    setTimeout(next, SECONDS * 1000)
  }
}
