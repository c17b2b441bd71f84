import type { ServiceClient } from '@ekiben/core'
import { InjectService, ServeModule } from '@ekiben/nest-module'
import { Body, Controller, Module, Post } from '@nestjs/common'
import { TextClassifier } from '../text-classifier/service.js'

/** A controller of the app's own, which calls a service through its typed client. */
@Controller('tickets')
export class TicketsController {
  constructor(@InjectService(TextClassifier) private readonly classifier: ServiceClient<TextClassifier>) {}

  @Post()
  async create(@Body('text') text: string): Promise<{ queue: string; urgent: boolean }> {
    const { label, mood } = await this.classifier.classify({ text })
    return { queue: label, urgent: mood === 'negative' }
  }
}

@Module({
  // The services' own routes: POST /ml/classify.
  imports: [ServeModule.forRoot({ services: [TextClassifier], prefix: 'ml', system: 'probes' })],
  controllers: [TicketsController],
})
export class AppModule {}
