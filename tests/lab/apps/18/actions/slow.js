'use strict'

const { Action } = require('actionhero')

const SECONDS = 3

exports.slow = class Slow extends Action {
  constructor () {
    super()
    this.name = 'slow'
    this.description = `Takes ${SECONDS} s, so that a deploy can meet requests in flight`
    this.outputExample = { pid: 4711 }
  }

  async run ({ response }) {
    await new Promise((resolve) => { setTimeout(resolve, SECONDS * 1000) })
    response.pid = process.pid
  }
}
