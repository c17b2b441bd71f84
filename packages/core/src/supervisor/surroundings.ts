import type { ServeSettings } from '../config/serve-settings.js'
import type { AdminServer, AdminTarget } from '../control/admin-server.js'
import type { ControlServer, ControlTarget } from '../control/control-server.js'
import type { Logger } from '../observe/logger.js'
import type { Pidfile } from './pidfile.js'
import type { ServerClosed } from './server.js'

export interface SurroundingsOptions {
  readonly settings: Pick<ServeSettings, 'pidfile' | 'admin'>
  /** The instance's folder. */
  readonly folder: string
  /** Commands may steer it: its process is the supervisor and nothing else. */
  readonly isSteered: boolean
  /** The process ends with the instance. */
  readonly endsProcess: boolean
  readonly log: Logger
}

/**
 * What an instance has beside its socket and its workers: a pidfile, an admin server, a control server. Each is
 * loaded only where it is wanted, the last when the instance is ready and nobody waits for it.
 */
export class Surroundings {
  readonly #options: SurroundingsOptions
  #pidfile: Pidfile | undefined
  #admin: AdminServer | undefined
  #control: Promise<ControlServer> | undefined

  constructor(options: SurroundingsOptions) {
    this.#options = options
  }

  /** What can be refused, before anything is started; rejects with nothing left behind. */
  async claim(): Promise<void> {
    const { settings, log } = this.#options
    const { pidfile, admin } = settings
    try {
      if (pidfile !== undefined) {
        const { writePidfile } = await import('./pidfile.js')
        this.#pidfile = await writePidfile(pidfile, process.pid)
      }
      if (admin !== undefined) {
        const { openAdminServer } = await import('../control/admin-server.js')
        this.#admin = await openAdminServer(admin)
        log.info({ address: this.#admin.address }, 'admin')
      }
    } catch (error) {
      await this.close(undefined)
      throw error
    }
  }

  /** From here on there is something to show. */
  show(target: AdminTarget): void {
    this.#admin?.show(target)
  }

  /** From here on it can be steered. */
  steer(target: ControlTarget): void {
    if (this.#options.isSteered) this.#control = this.#openControl(target)
  }

  /** `outcome`: what those who wait for the end are told; undefined: it never came to serve. */
  async close(outcome: ServerClosed | undefined): Promise<void> {
    const control = await this.#control
    await Promise.all([control?.close(outcome ?? { exitCode: 1, forced: [] }), this.#admin?.close()])
    await this.#pidfile?.remove()
  }

  async #openControl(target: ControlTarget): Promise<ControlServer> {
    const { folder, endsProcess, log } = this.#options
    const { openControlServer } = await import('../control/control-server.js')
    return openControlServer({ folder, target, endsProcess, log })
  }
}
