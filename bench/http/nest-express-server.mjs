/** A route of a Nest app on Express, by hand or mounted: see nest-app.mjs. */
import { ExpressAdapter } from '@nestjs/platform-express'
import { serveNest } from './nest-app.mjs'

export const close = await serveNest(new ExpressAdapter(), import.meta.url)
