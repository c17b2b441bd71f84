// Preloaded into a supervisor that is measured: on SIGUSR2 it says how much of its heap is left after a collection.
const { runInNewContext } = require('node:vm')
const { setFlagsFromString } = require('node:v8')

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

process.on('SIGUSR2', () => {
  // What a first collection frees may hold on to more.
  for (let round = 0; round < 4; round++) collect()
  const { heapUsed } = process.memoryUsage()
  process.stdout.write(`${JSON.stringify({ event: 'heap', heapUsed })}\n`)
})
