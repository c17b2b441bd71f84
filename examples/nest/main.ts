import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] })
app.enableShutdownHooks()
await app.listen(process.env.PORT ?? 3000, '127.0.0.1')
console.log(
  `curl -s ${await app.getUrl()}/tickets -H 'content-type: application/json' -d '{"text":"Where is my parcel?"}'`,
)
