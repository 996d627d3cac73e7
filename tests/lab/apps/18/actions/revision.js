'use strict'

const fs = require('fs')
const path = require('path')
const { Action, api } = require('actionhero')

// Read once, when the process loads its code: it tells which revision is loaded, not what lies
// on disk by now.
const revision = fs.readFileSync(path.join(__dirname, '..', 'revision.txt'), 'utf8').trim()

exports.revision = class Revision extends Action {
  constructor () {
    super()
    this.name = 'revision'
    this.description = 'Which revision of the code this process loaded'
    this.outputExample = { revision: '1', pid: 4711, id: 'worker-1' }
  }

  async run ({ response }) {
    Object.assign(response, { revision, pid: process.pid, id: api.id })
  }
}
