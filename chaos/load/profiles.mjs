/**
 * The kinds of clients. `connection`: `keep` uses one for many requests, `new` one for each. `thinkMs`: from the end
 * of a request to the next, drawn anew each time. `ask`: what for (load/requests.mjs). `relay`: by a TCP relay with
 * 20 ms latency each way.
 */
export const PROFILES = {
  busy: { ask: 'who', connection: 'keep', thinkMs: [2, 6] },
  newConnection: { ask: 'who', connection: 'new', thinkMs: [4, 12] },
  thinker: { ask: 'who', connection: 'keep', thinkMs: [0, 5000] },
  farThinker: { ask: 'who', connection: 'keep', thinkMs: [0, 5000], relay: true },
  farBusy: { ask: 'who', connection: 'keep', thinkMs: [0, 50], relay: true },
  farNew: { ask: 'who', connection: 'new', thinkMs: [0, 50], relay: true },
  poster: { ask: 'post', connection: 'keep', thinkMs: [5, 20] },
  newPoster: { ask: 'post', connection: 'new', thinkMs: [10, 30] },
  uploader: { ask: 'upload', connection: 'keep', thinkMs: [0, 500] },
  slowReader: { ask: 'download', connection: 'keep', thinkMs: [0, 500] },
  streamer: { ask: 'stream', connection: 'keep', thinkMs: [0, 200] },
  newStreamer: { ask: 'stream', connection: 'new', thinkMs: [0, 200] },
  waiter: { ask: 'wait', connection: 'keep', thinkMs: [0, 20] },
  caller: { ask: 'below', connection: 'keep', thinkMs: [5, 20] },
  newCaller: { ask: 'below', connection: 'new', thinkMs: [10, 30] },
}

/** Everything that reloads have to survive, in numbers of clients. */
export const MIX = {
  busy: 3,
  newConnection: 3,
  thinker: 40,
  farThinker: 20,
  farBusy: 4,
  farNew: 2,
  poster: 2,
  newPoster: 2,
  uploader: 4,
  slowReader: 3,
  streamer: 4,
  newStreamer: 2,
  waiter: 4,
  caller: 2,
  newCaller: 2,
}
