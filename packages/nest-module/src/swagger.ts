import type { ApiDescription } from '@ekiben/core/adapter'

/** Metadata of a handler: the status that Nest answers with. */
export const HTTP_CODE = '__httpCode__'

/** Tells @nestjs/swagger what an api takes and gives, under the names that its own decorators use; theirs win. */
export function describeHandler(handler: object, { requestBody, response, ...about }: ApiDescription): void {
  const { content, ...body } = requestBody
  const [first] = Object.values(content)
  const { description, deprecated } = about
  const described = {
    apiOperation: {
      summary: '',
      ...(description !== undefined && { description }),
      ...(deprecated !== undefined && { deprecated }),
    },
    apiConsumes: Object.keys(content),
    apiParameters: [{ in: 'body', type: String, ...body, schema: first?.schema ?? {} }],
    apiResponse: { [Reflect.getMetadata(HTTP_CODE, handler)]: response },
  }
  for (const [name, value] of Object.entries(described)) {
    const key = `swagger/${name}`
    if (!Reflect.hasMetadata(key, handler)) Reflect.defineMetadata(key, value, handler)
  }
}
