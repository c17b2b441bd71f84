// What the types of clients need: no types of Node's, which a page does not have.
import type { StandardSchemaV1 } from './standard-schema.js'

/** JSON Schema as plain data (TypeBox too). */
export type JsonSchema = { readonly [key: string]: unknown }

/** What describes an input or an output: any Standard Schema (zod, valibot, arktype, …) or a plain JSON Schema. */
export type AnySchema = StandardSchemaV1 | JsonSchema

/**
 * What `input` and `output` take. JSON Schema also as the typed objects that libraries make of it (TypeBox), which
 * have no index signature.
 */
export type SchemaOption = AnySchema | (object & { readonly '~standard'?: undefined })

// biome-ignore lint/suspicious/noExplicitAny: a service class may have any constructor
export type ServiceClass<T = any> = (abstract new (...args: any[]) => T) & { readonly prototype: T }
