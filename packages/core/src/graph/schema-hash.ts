import { isStandardSchema, jsonSchemaOf } from '../runner/schema-kind.js'
import type { AnySchema, ServiceDefinition } from '../service/service-definition.js'

/**
 * A short fingerprint of what callers see of a service: names, routes, kinds and schemas of its apis. Two generations
 * with equal ones may call each other. It guards against deploys that differ, not against an attacker, so it needs
 * no cryptography; a schema whose library offers no JSON Schema counts by its vendor alone.
 */
export function schemaHash(definition: ServiceDefinition): string {
  const apis = Object.values(definition.apis).map(({ name, route, stream, idempotent, input, output }) => ({
    name,
    route,
    stream,
    idempotent,
    input: schemaFacts(input, 'input'),
    output: schemaFacts(output, 'output'),
  }))
  apis.sort((a, b) => (a.name < b.name ? -1 : 1))
  return fnv1a64(canonicalJson(apis))
}

function schemaFacts(schema: AnySchema | undefined, side: 'input' | 'output'): unknown {
  if (schema === undefined) return undefined
  return jsonSchemaOf(schema, side) ?? { vendor: isStandardSchema(schema) && schema['~standard'].vendor }
}

/** JSON whose keys are sorted, so that equal values give equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return `${inner}n`
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** FNV-1a with 64 bits over UTF-16 code units, as 16 hex digits. */
function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}
