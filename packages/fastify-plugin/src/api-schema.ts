import type { ApiDescription, BodyContent } from '@ekiben/core/adapter'
import type { RouteShorthandOptions } from 'fastify'

type SchemaOptions = Pick<RouteShorthandOptions, 'schema' | 'serializerCompiler' | 'validatorCompiler'>

/** What Fastify and its plugins are told of an api; without a description nothing. */
export function apiSchema(description: ApiDescription | undefined): SchemaOptions {
  if (description === undefined) return { schema: { hide: true } as object }
  const { requestBody, response, ...about } = description
  return {
    schema: {
      ...about,
      body: { content: withSchemas(requestBody.content) },
      response: { 200: { ...response, content: withSchemas(response.content) } },
    } as object,
    // For documents alone: the service checks what comes in, and has made text of what goes out.
    validatorCompiler: () => () => true,
    serializerCompiler: () => (data) => JSON.stringify(data),
  }
}

/** Fastify wants one for each media type. */
function withSchemas(content: BodyContent): BodyContent {
  return Object.fromEntries(Object.entries(content).map(([type, { schema = {} }]) => [type, { schema }]))
}
