import { defineService } from '@ekiben/core'
import { onReady } from './deploy.mjs'
import { handlers, noteRequest, who } from './work.mjs'

export const Back = defineService(
  class Back {
    async who(_input, ctx) {
      noteRequest(ctx.requestId)
      return who()
    }
    ticks(input, ctx) {
      noteRequest(ctx.requestId)
      return handlers.ticks(input)
    }
  },
  { apis: { who: {}, ticks: { stream: true } } },
)

export const Front = defineService(
  class Front {
    onStart() {
      onReady()
    }
    who() {
      return handlers.who()
    }
    post(input) {
      return handlers.post(input)
    }
    download() {
      return handlers.download()
    }
    wait(input) {
      return handlers.wait(input)
    }
    spin() {
      return handlers.spin()
    }
    ticks(input) {
      return this.back.ticks(input)
    }
    below() {
      return this.back.who({})
    }
  },
  {
    apis: { who: {}, post: {}, download: {}, ticks: { stream: true }, wait: {}, spin: {}, below: {} },
    dependencies: { back: Back },
  },
)
