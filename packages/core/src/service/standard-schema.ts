/**
 * The types of Standard Schema 1.1 (https://standardschema.dev), which asks integrators to copy them or
 * to depend on `@standard-schema/spec`. Copied in shape, so that core needs no package for types alone.
 */
export interface StandardSchemaV1<TInput = unknown, TOutput = TInput> {
  readonly '~standard': StandardSchemaProps<TInput, TOutput>
}

export interface StandardSchemaProps<TInput = unknown, TOutput = TInput> {
  readonly version: 1
  readonly vendor: string
  readonly validate: (value: unknown) => StandardResult<TOutput> | Promise<StandardResult<TOutput>>
  readonly types?: { readonly input: TInput; readonly output: TOutput } | undefined
  /** StandardJSONSchemaV1, where the library offers it. */
  readonly jsonSchema?: {
    readonly input: (options: StandardJsonSchemaOptions) => Record<string, unknown>
    readonly output: (options: StandardJsonSchemaOptions) => Record<string, unknown>
  }
}

export interface StandardJsonSchemaOptions {
  readonly target: string
  /** What the library itself takes. */
  readonly libraryOptions?: Record<string, unknown> | undefined
}

export type StandardResult<TOutput> =
  | { readonly value: TOutput; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}
