// work QUEUES | add QUEUE TASK ARGUMENT COUNT MILLISECONDS: real node-resque 9 on the redis of PORT.
'use strict'
const { Worker, Queue } = require('node-resque')
const connection = { host: '127.0.0.1', port: +process.env.PORT, password: process.env.PASSWORD, database: +process.env.DB || 0 }
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))
const jobs = {
  slow: { perform: pause },
  bad: { perform: async who => { throw new Error('no such user: ' + who) } }
}

async function work (queues) {
  const worker = new Worker({ connection, queues: queues.split(','), timeout: 50, name: process.env.NAME }, jobs)
  worker.on('job', (queue, job) => console.log('job ' + job.class))
  await worker.connect()
  await worker.start()
  console.log('ready')
}

async function add (queue, task, argument, count, every) {
  const one = new Queue({ connection }, jobs)
  await one.connect()
  for (let done = 0; done < count; done++) {
    await one.enqueue(queue, task, [isNaN(argument) ? argument : +argument])
    await pause(+every)
  }
  await one.end()
}

const [action, ...rest] = process.argv.slice(2)
if (action === 'work') work(...rest)
else add(...rest)
