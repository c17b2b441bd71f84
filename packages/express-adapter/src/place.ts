import type { IncomingMessage } from 'node:http'
import type { MountRoute } from '@ekiben/core/adapter'
import type { ExpressApp } from './app-chain.js'

/** Where clients find services: the first place that is known. */
export class Place {
  #base: (() => string) | undefined

  readonly pathOf = ({ path }: MountRoute): string => `${this.#base?.() ?? ''}${path}`

  get isKnown(): boolean {
    return this.#base !== undefined
  }

  /** In an app, below a path; where that app itself is, is known when it is used. */
  isIn(app: ExpressApp, mountPath: unknown): void {
    const path = [mountPath].flat().find((each) => typeof each === 'string') ?? ''
    this.#base ??= () => `${app.path()}${path}`.replace(/\/+$/, '')
  }

  /** Routers tell nobody where they are; their requests do. */
  isWhere({ baseUrl = '' }: IncomingMessage & { readonly baseUrl?: string }): void {
    this.#base ??= () => baseUrl
  }
}
