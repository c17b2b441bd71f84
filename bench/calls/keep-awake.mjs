// Keeps a core from going to sleep, at the lowest priority: whatever else wants it gets it at once. Ends with its parent.
import os from 'node:os'

os.setPriority(os.constants.priority.PRIORITY_LOW)
process.on('disconnect', () => process.exit(0))
process.send('ready')
setImmediate(function turn() {
  for (const until = performance.now() + 20; performance.now() < until; );
  setImmediate(turn)
})
