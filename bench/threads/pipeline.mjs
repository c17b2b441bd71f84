// Driver -> Stage: the driver calls its dependency again and again, and says how fast that went.
import { defineService } from '@ekiben/core'

export const Stage = defineService(
  class Stage {
    /** Bytes in, as many out: what a step of a pipeline of images or tensors does, without its work. */
    pass({ pixels }) {
      return { pixels }
    }
  },
  { apis: { pass: {} } },
)

export const Driver = defineService(
  class Driver {
    /** So many calls of so many bytes, so many at once. */
    async drive({ calls, bytes, width }) {
      const pixels = new Uint8Array(bytes).fill(7)
      const latencies = new Float64Array(calls)
      let next = 0
      const lane = async () => {
        while (next < calls) {
          const index = next++
          const startedAt = performance.now()
          const answer = await this.stage.pass({ pixels })
          latencies[index] = performance.now() - startedAt
          if (answer.pixels.length !== bytes || pixels.length !== bytes) throw new Error('bytes were lost')
        }
      }
      const startedAt = performance.now()
      await Promise.all(Array.from({ length: width }, lane))
      const seconds = (performance.now() - startedAt) / 1000
      latencies.sort()
      return { perSecond: calls / seconds, p99: latencies[Math.floor(calls * 0.99)] }
    }
  },
  { apis: { drive: {} }, dependencies: { stage: Stage } },
)
