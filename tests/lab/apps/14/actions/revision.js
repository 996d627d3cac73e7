'use strict'

const fs = require('fs')
const path = require('path')

// Read once, when the process loads its code: it tells which revision is loaded, not what lies
// on disk by now.
const revision = fs.readFileSync(path.join(__dirname, '..', 'revision.txt'), 'utf8').trim()

exports.revision = {
  name: 'revision',
  description: 'Which revision of the code this process loaded',
  inputs: {},
  outputExample: { revision: '1', pid: 4711, id: 'worker-1' },

  run: function (api, data, next) {
    Object.assign(data.response, { revision: revision, pid: process.pid, id: api.id })
    next()
  }
}
