// work QUEUES | add QUEUE TASK ARGUMENT COUNT MILLISECONDS: real node-resque 2 on the redis of PORT.
'use strict'
const resque = require('node-resque')
const connection = { host: '127.0.0.1', port: +process.env.PORT, password: process.env.PASSWORD || undefined, database: +process.env.DB || 0 }
const jobs = {
  slow: { perform: function (ms, done) { setTimeout(done, ms) } },
  bad: { perform: function (who, done) { done(new Error('no such user: ' + who)) } }
}
const given = process.argv.slice(2)

function work (queues) {
  const worker = new resque.worker({ connection: connection, queues: queues.split(','), timeout: 50, name: process.env.NAME }, jobs)
  worker.on('job', function (queue, job) { console.log('job ' + job.class) })
  worker.on('start', function () { console.log('ready') })
  worker.connect(function () { worker.start() })
}

function add (queue, task, argument, count, every) {
  const one = new resque.queue({ connection: connection }, jobs)
  let left = +count
  one.connect(function () {
    const timer = setInterval(function () {
      if (left-- > 0) one.enqueue(queue, task, [isNaN(argument) ? argument : +argument])
      else { clearInterval(timer); setTimeout(process.exit, 200) }
    }, +every)
  })
}

if (given[0] === 'work') work(given[1])
else add.apply(null, given.slice(1))
