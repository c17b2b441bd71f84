/** One slot whose older generations are to go when nobody needs them. */
export interface RetiringSlot {
  readonly slot: number
  /** The newest first. */
  readonly wanted: readonly number[]
  readonly retiring: boolean
}

export interface RetiringPool {
  readonly slots: readonly RetiringSlot[]
  /** No plan has this service any more: all of it is to go. */
  readonly isLost: boolean
  /** Is there anyone left, of this generation, who calls this service? */
  readonly isCalled: (generation: number) => boolean
  /** Does this slot have a ready worker of this generation that is to stay? */
  readonly isServed: (slot: number, generation: number) => boolean
}

/** What retiring slots want from now on; slots for which nothing changes are left out. */
export function retireGenerations(pool: RetiringPool): readonly { slot: number; wanted: readonly number[] }[] {
  return pool.slots.flatMap((slot) => {
    if (!slot.retiring) return []
    const wanted = slot.wanted.filter((generation) => isNeeded(slot, generation, pool))
    return wanted.length === slot.wanted.length ? [] : [{ slot: slot.slot, wanted }]
  })
}

/** A generation's last worker leaves after its last caller; the others need not wait for that. */
function isNeeded({ slot, wanted }: RetiringSlot, generation: number, pool: RetiringPool): boolean {
  if (!pool.isLost && generation === wanted[0]) return true
  if (!pool.isCalled(generation)) return false
  return !pool.slots.some(
    (other) =>
      other.slot !== slot &&
      !other.retiring &&
      other.wanted.includes(generation) &&
      pool.isServed(other.slot, generation),
  )
}
