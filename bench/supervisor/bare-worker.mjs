// What a worker cannot do without: load the module, listen, say so. Its argument: the module.
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

await import(pathToFileURL(process.argv[2]).href)
createServer().listen(0, '127.0.0.1', () => process.send('ready'))
process.once('disconnect', () => process.exit(0))
