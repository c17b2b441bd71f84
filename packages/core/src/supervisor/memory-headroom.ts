/** What a worker takes while it boots may be more than what it holds in the end. */
const BOOT_FACTOR = 1.5

/**
 * Is there too little memory to boot a worker of each of these services at once? `heldBytes`: what the largest worker
 * of each holds at present; 0 where that is not known.
 */
export function isMemoryShort(heldBytes: readonly number[], availableBytes: number): boolean {
  const neededBytes = BOOT_FACTOR * heldBytes.reduce((sum, bytes) => sum + bytes, 0)
  return neededBytes > availableBytes
}
