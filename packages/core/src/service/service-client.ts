import type { CallContext } from './call-context.js'
import type { SchemaOption, ServiceClass } from './service-class.js'
import type { StandardSchemaV1 } from './standard-schema.js'

/** Second argument of every method of a client. */
export interface CallOptions {
  /** Aborts the call. That of the call being served is inherited without being passed. */
  readonly signal?: AbortSignal
  /** Milliseconds this call may take; it never outlives the call being served. */
  readonly timeoutMs?: number
  /** It may run twice without harm: tried again elsewhere when its worker is lost. Default: as the api says. */
  readonly idempotent?: boolean
}

/** Methods that Ekiben calls itself; no client offers them. */
export type LifecycleName = 'onStart' | 'onStop' | 'isReady' | 'isAlive'

/** Where `defineService` notes, for the type only, what a client of the service looks like. */
export declare const kClient: unique symbol

/**
 * What a dependency is at its caller: the apis of a service as asynchronous methods.
 *
 * Takes a decorated class (`ServiceClient<Embedder>`: its public methods) or the type of what `defineService` returned
 * (`ServiceClient<typeof Embedder>`: exactly the apis listed, with the input types of their schemas).
 */
export type ServiceClient<T> = T extends { readonly [kClient]: infer TClient }
  ? TClient
  : T extends ServiceClass<infer TInstance>
    ? PublicClient<TInstance>
    : PublicClient<T>

/** The client of a class whose apis the type does not know: all public methods but the lifecycle. */
export type PublicClient<T> = {
  readonly [K in keyof T as T[K] extends AnyMethod ? Exclude<K & string, LifecycleName> : never]: ClientMethod<T[K]>
}

/** A method as its caller sees it: one input, call options, always asynchronous; a generator gives an AsyncIterable. */
export type ClientMethod<TMethod> = TMethod extends (...args: infer TArguments) => infer TResult
  ? (...args: ClientArguments<InputArgument<TArguments>>) => ClientResult<TResult>
  : never

/** The client of a service with these api options. */
export type DeclaredClient<TInstance, TApis> = {
  readonly [K in keyof TApis & keyof TInstance]: DeclaredMethod<TInstance[K], TApis[K]>
}

type DeclaredMethod<TMethod, TOptions> = TMethod extends (...args: infer TArguments) => infer TResult
  ? (
      ...args: ClientArguments<DeclaredInput<TOptions, InputArgument<TArguments>>>
    ) => DeclaredResult<TOptions, ClientResult<TResult>>
  : never

type DeclaredInput<TOptions, TOtherwise> = TOptions extends { readonly input: infer TSchema extends StandardSchemaV1 }
  ? SchemaInput<TSchema>
  : TOtherwise

type DeclaredResult<TOptions, TOtherwise> = TOptions extends { readonly output: infer TSchema extends StandardSchemaV1 }
  ? TOtherwise extends AsyncIterable<unknown>
    ? AsyncIterable<SchemaOutput<TSchema>>
    : Promise<SchemaOutput<TSchema>>
  : TOtherwise

/** What a caller gives to a schema. */
export type SchemaInput<TSchema extends StandardSchemaV1> = NonNullable<TSchema['~standard']['types']>['input']

/** What a schema yields. */
export type SchemaOutput<TSchema extends StandardSchemaV1> = NonNullable<TSchema['~standard']['types']>['output']

/** A method that fits the schemas: it takes what `input` yields and returns (or yields) what `output` takes. */
export type ApiMethod<TInput extends SchemaOption | undefined, TOutput extends SchemaOption | undefined> = (
  input: TInput extends StandardSchemaV1 ? SchemaOutput<TInput> : never,
  context: CallContext,
) => TOutput extends StandardSchemaV1 ? Produces<SchemaInput<TOutput>> : unknown

/** A value now, later, or item by item. */
type Produces<T> = T | PromiseLike<T> | Streamed<T>

// biome-ignore lint/suspicious/noExplicitAny: matches every method
type AnyMethod = (...args: any) => unknown

type IsAny<T> = 0 extends 1 & T ? true : false

type InputArgument<TArguments extends unknown[]> = TArguments extends [] ? undefined : TArguments[0]

type ClientArguments<TInput> = undefined extends TInput
  ? [input?: TInput, options?: CallOptions]
  : [input: TInput, options?: CallOptions]

type ClientResult<TResult> =
  IsAny<TResult> extends true
    ? Promise<TResult>
    : [TResult] extends [never]
      ? Promise<never>
      : [TResult] extends [Streamed<infer TItem>]
        ? AsyncIterable<TItem>
        : Promise<Awaited<TResult>>

/** The value of a result, or one item of a generator's. */
export type ProducedItem<TResult> = [TResult] extends [Streamed<infer TItem>] ? TItem : Awaited<TResult>

// biome-ignore lint/suspicious/noExplicitAny: what a generator returns or is sent plays no part
type Streamed<TItem> = AsyncIterable<TItem> | Generator<TItem, any, any>
