// Entry -> Left, Right: three services that do nothing, in a module that loads what a service usually does.
import { defineService } from '@ekiben/core'
import { z } from 'zod'

const input = z.object({ text: z.string() })

export const Left = defineService(
  class Left {
    async length({ text }) {
      return text.length
    }
  },
  { apis: { length: { input } } },
)

export const Right = defineService(
  class Right {
    async words({ text }) {
      return text.split(' ').length
    }
  },
  { apis: { words: { input } } },
)

export const Entry = defineService(
  class Entry {
    async classify({ text }) {
      const [length, words] = await Promise.all([this.left.length({ text }), this.right.words({ text })])
      return { length, words }
    }
  },
  { dependencies: { left: Left, right: Right }, apis: { classify: { input } } },
)
