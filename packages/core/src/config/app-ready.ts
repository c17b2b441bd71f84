/** When an app counts as ready: once it listens, by a message that it sends, or as soon as its main file has run. */
export const APP_READY = ['listen', 'message', 'start'] as const
export type AppReady = (typeof APP_READY)[number]
