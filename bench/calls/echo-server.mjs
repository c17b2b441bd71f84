// Gives back what it gets: what two processes and a socket cost by themselves. argv: socket path.
import { createServer } from 'node:net'

const server = createServer((socket) => socket.on('data', (bytes) => socket.write(bytes)))
server.listen(process.argv[2], () => process.send('ready'))
process.on('disconnect', () => process.exit(0))
