import { api, defineService, depends, type ServiceClient, service } from '@ekiben/core'
import { fakeClient, type TestedService, testService } from '@ekiben/core/testing'
import { z } from 'zod'
import { type Equal, expectType } from './expect-type.js'

@service()
class Embedder {
  @api({ input: z.object({ texts: z.array(z.string()) }) })
  async embed({ texts }: { texts: string[] }): Promise<number[][]> {
    return texts.map(() => [1])
  }
}

@service()
class Classifier {
  @depends(Embedder) embedder!: ServiceClient<Embedder>

  @api({ input: z.object({ text: z.string() }) })
  async classify({ text }: { text: string }): Promise<string> {
    return text
  }
}

const embedder = fakeClient(Embedder, { embed: ({ texts }) => texts.map(() => [0]) })
expectType<Equal<typeof embedder, ServiceClient<typeof Embedder>>>()
// A fake may be asynchronous, and may lack methods.
fakeClient(Embedder, { embed: async () => [[1]] })
fakeClient(Embedder)
// @ts-expect-error it answers with what the method returns
fakeClient(Embedder, { embed: () => 'text' })
// @ts-expect-error it takes what the method takes
fakeClient(Embedder, { embed: ({ text }: { text: string }) => [[text.length]] })
// @ts-expect-error no such method
fakeClient(Embedder, { embd: () => [] })

const tested = testService(Classifier, { dependencies: { embedder } })
expectType<Equal<typeof tested, Promise<TestedService<typeof Classifier>>>>()
tested.then(async ({ client, instance, fetch, close }) => {
  expectType<Equal<Awaited<ReturnType<typeof client.classify>>, string>>()
  expectType<Equal<typeof instance, Classifier>>()
  const answer: Response = await fetch('/classify', { method: 'POST', body: '{}' })
  await answer.text()
  await close()
})
testService(Classifier)
testService(Classifier, { dependencies: { embedder: Embedder } })
// @ts-expect-error a dependency has the methods of its client
testService(Classifier, { dependencies: { embedder: { embed: () => 'text' } } })

const Exact = defineService(Classifier, { name: 'Exact', apis: { classify: {} } })
testService(Exact).then(({ client }) => client.classify({ text: 'a' }))
// @ts-expect-error the input is checked
testService(Exact).then(({ client }) => client.classify({ txt: 'a' }))

// A mounted handler is made from the instance, and takes what node:http gives.
defineService(Classifier, {
  name: 'Mounted',
  mount: { '/ui': (classifier) => async (_request, response) => response.end(await classifier.classify({ text: '' })) },
})
// @ts-expect-error a handler is a function
defineService(Classifier, { name: 'Wrong', mount: { '/ui': () => 'text' } })
