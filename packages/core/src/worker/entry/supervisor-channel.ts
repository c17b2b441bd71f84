/** What carries messages between a worker and its supervisor: the channel of its process, or the port of its thread. */
export interface SupervisorChannel {
  open(events: SupervisorChannelEvents): void
  /** Resolves when the message is handed on, or can no longer be. */
  send(message: object): Promise<void>
}

export interface SupervisorChannelEvents {
  onMessage(received: unknown, handle: unknown): void
  /** The supervisor is gone. */
  onLost(): void
}

/** The channel of a worker that has a process of its own. */
export const processChannel: SupervisorChannel = {
  open: ({ onMessage, onLost }) => {
    process.on('message', onMessage)
    process.once('disconnect', onLost)
  },
  send: (message) =>
    new Promise((resolve) => {
      if (!process.connected) return resolve()
      process.send?.(message, undefined, undefined, () => resolve())
    }),
}
