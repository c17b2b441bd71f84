/** What an app asked to listen on. */
export interface AskedSocket {
  readonly port: number
  /** undefined: on all addresses. */
  readonly host: string | undefined
  /** One that it has had and has closed: that of its clients, or of its slot. `further`: it has one on this port. */
  readonly which?: 'public' | 'slot' | 'further' | undefined
}

/** Where a socket is that was bound for an app. */
export interface GivenSocket {
  /** Is it where the app's clients come, or one of its own beside that? */
  readonly isPublic: boolean
  readonly address: { readonly host: string; readonly port: number }
  readonly backlog: number
}
