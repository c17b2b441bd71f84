import type { PoolMember } from '../ipc/protocol.js'
import type { CallConnectionOptions } from './call-connection.js'
import { PoolLink } from './pool-link.js'

export interface PoolMembersOptions {
  readonly service: string
  /** The caller's. */
  readonly generation: number
  /** Of the dependency as the caller knows it; undefined: that of the first worker of its own generation. */
  readonly schemaHash: string | undefined
  readonly connect: CallConnectionOptions['connect']
  readonly onChange: () => void
}

/** The workers of a pool as the snapshots tell, in two rows: those of the caller's generation, and others it may call. */
export class PoolMembers {
  readonly #options: PoolMembersOptions
  readonly #links = new Map<string, PoolLink>()
  /** Those that are listed no more, while their last calls run. */
  readonly #retired = new Set<PoolLink>()
  #own: readonly PoolLink[] = []
  #others: readonly PoolLink[] = []
  #schemaHash: string | undefined

  constructor(options: PoolMembersOptions) {
    this.#options = options
    this.#schemaHash = options.schemaHash
  }

  /** Takes over a snapshot; `lost`: addresses from which no answer will come. */
  update(members: readonly PoolMember[], lost: readonly string[] = []): void {
    const { generation } = this.#options
    this.#schemaHash ??= members.find((member) => member.generation === generation)?.schemaHash
    const listed = new Map(members.map((member) => [keyOf(member), member]))
    for (const [key, link] of this.#links) {
      if (listed.has(key)) continue
      this.#links.delete(key)
      link.retire()
      this.#retired.add(link)
    }
    for (const link of this.#retired) {
      if (lost.includes(link.member.address)) link.destroy()
      if (!link.isOpen) this.#retired.delete(link)
    }
    for (const [key, member] of listed) {
      if (!this.#links.has(key)) this.#links.set(key, this.#link(member))
    }
    const links = [...this.#links.values()]
    this.#own = links.filter(({ member }) => member.generation === generation)
    this.#others = links.filter(
      ({ member }) => member.generation !== generation && member.schemaHash === this.#schemaHash,
    )
    for (const link of this.#own) link.connect()
  }

  /** Those that may get a call now: of the caller's own generation while there is one. */
  usable(): readonly PoolLink[] {
    const own = usableOf(this.#own)
    return own.length > 0 ? own : usableOf(this.#others)
  }

  /** Milliseconds until one that could not be reached may be tried again; undefined: there is none. */
  get retryInMs(): number | undefined {
    const waits = [...this.#links.values()].flatMap((link) => link.retryInMs ?? [])
    return waits.length === 0 ? undefined : Math.max(0, Math.min(...waits))
  }

  /** Why the workers that are listed cannot be used, if that is known. */
  get lastError(): Error | undefined {
    for (const link of this.#links.values()) if (link.lastError !== undefined) return link.lastError
    return undefined
  }

  /** They keep the process alive no longer. */
  unref(): void {
    for (const link of this.#links.values()) link.unref()
  }

  destroy(): void {
    const links = [...this.#links.values(), ...this.#retired]
    this.update([])
    for (const link of links) link.destroy()
  }

  #link(member: PoolMember): PoolLink {
    const { service, generation, connect, onChange } = this.#options
    const schemaHash = member.generation === generation ? undefined : member.schemaHash
    return new PoolLink({ service, member, schemaHash, connect, onChange })
  }
}

/** The usual case, all of them, takes no copy. */
function usableOf(links: readonly PoolLink[]): readonly PoolLink[] {
  return links.every((link) => link.isUsable) ? links : links.filter((link) => link.isUsable)
}

function keyOf({ address, slot, generation }: PoolMember): string {
  return `${address}\n${slot}\n${generation}`
}
