import { defineService } from '@ekiben/core'

export const Hello = defineService(
  class Hello {
    async greet({ name = 'world' }) {
      return { message: `Hello, ${name}!` }
    }
  },
  { apis: { greet: {} } },
)
