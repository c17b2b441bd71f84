import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 make all objects young. Where most of a kind outlived its first collections, as do sockets while a process starts, it
 * makes them old from then on, for good; what a connection is made of then waits for a collection of everything, and holds
 * what is young meanwhile: 5 to 10 % of the requests/s where each has a connection (docs/decisions/0017).
 */
export function keepYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
