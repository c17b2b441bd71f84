import type { ApiDescription } from '@ekiben/core/adapter'
import type { RouteShorthandOptions } from 'fastify'

type SchemaOptions = Pick<RouteShorthandOptions, 'schema' | 'serializerCompiler' | 'validatorCompiler'>

/** What Fastify and its plugins are told of an api; without a description nothing. */
export function apiSchema(description: ApiDescription | undefined): SchemaOptions {
  if (description === undefined) return { schema: { hide: true } as object }
  const { requestBody, response, ...about } = description
  return {
    schema: { ...about, body: { content: requestBody.content }, response: { 200: response } } as object,
    // For documents alone: the service checks what comes in, and has made text of what goes out.
    validatorCompiler: () => () => true,
    serializerCompiler: () => (data) => JSON.stringify(data),
  }
}
