import { callerModule } from './caller-module.js'
import { declareService } from './declare-service.js'
import type {
  DeclaredClient,
  kClient,
  LifecycleName,
  ProducedItem,
  PublicClient,
  SchemaInput,
  SchemaOutput,
} from './service-client.js'
import type { AnyApiOptions, ApiOptions, MountFactory, ServiceClass, ServiceOptions } from './service-definition.js'
import type { StandardSchemaV1 } from './standard-schema.js'

/** Options of `defineService`, typed by its class. */
export interface DefineServiceOptions<TInstance, TApis> extends Omit<ServiceOptions, 'apis' | 'create' | 'mount'> {
  /** By method: what it offers to callers. */
  readonly apis?: TApis & CheckedApis<TInstance, TApis>
  /** Makes the instance, in each worker. Default: `new` without arguments. */
  readonly create?: (service: ServiceClass) => TInstance | Promise<TInstance>
  /** By path: request handlers of one's own beside the apis. See `ServiceOptions`. */
  readonly mount?: Readonly<Record<string, MountFactory<TInstance>>>
}

/** What `defineService` returns: the class, callable for host frameworks, with its exact client as a type. */
export type DefinedService<TClass extends ServiceClass, TApis> = TClass & {
  readonly [kClient]: [TApis] extends [undefined]
    ? PublicClient<InstanceType<TClass>>
    : DeclaredClient<InstanceType<TClass>, TApis>
}

/** Api options by method. */
export type ApiTable<TInstance> = { readonly [K in ApiName<TInstance>]?: AnyApiOptions }

/**
 * Declares a service without decorators: plain JavaScript, or TypeScript that Node strips by itself.
 *
 * @example
 * export const Greeter = defineService(class Greeter { greet({ name }) { return `Hello ${name}` } }, {
 *   apis: { greet: { input: z.object({ name: z.string() }) } },
 * })
 */
export function defineService<TClass extends ServiceClass>(
  userClass: TClass,
  options?: DefineServiceOptions<InstanceType<TClass>, undefined>,
): DefinedService<TClass, undefined>
export function defineService<TClass extends ServiceClass, const TApis extends ApiTable<InstanceType<TClass>>>(
  userClass: TClass,
  options: DefineServiceOptions<InstanceType<TClass>, TApis>,
): DefinedService<TClass, TApis>
export function defineService(userClass: ServiceClass, options?: unknown): ServiceClass {
  return declareService({
    by: 'defineService()',
    userClass,
    className: typeof userClass === 'function' ? userClass.name : '',
    options,
    self: 'user',
    caller: callerModule(defineService),
  })
}

type ApiName<TInstance> = {
  // biome-ignore lint/suspicious/noExplicitAny: matches every method
  [K in keyof TInstance]: TInstance[K] extends (...args: any) => unknown ? Exclude<K & string, LifecycleName> : never
}[keyof TInstance]

/** `TApis` again, with `never` at a name that is no method and at an unknown option, and its schemas held to the method. */
type CheckedApis<TInstance, TApis> = {
  readonly [K in keyof TApis]: K extends ApiName<TInstance>
    ? K extends keyof TInstance
      ? CheckedApi<TInstance[K], TApis[K]>
      : never
    : never
}

type CheckedApi<TMethod, TOptions> = {
  readonly [P in keyof TOptions]: P extends 'input'
    ? CheckedInput<TMethod, TOptions[P]>
    : P extends 'output'
      ? CheckedOutput<TMethod, TOptions[P]>
      : P extends keyof ApiOptions
        ? TOptions[P]
        : never
}

type CheckedInput<TMethod, TSchema> = TMethod extends (...args: infer TArguments) => unknown
  ? TArguments extends []
    ? TSchema
    : TSchema extends StandardSchemaV1
      ? [SchemaOutput<TSchema>] extends [TArguments[0]]
        ? TSchema
        : StandardSchemaV1<unknown, TArguments[0]>
      : TSchema
  : never

// biome-ignore lint/suspicious/noExplicitAny: only the result matters here
type CheckedOutput<TMethod, TSchema> = TMethod extends (...args: any) => infer TResult
  ? TSchema extends StandardSchemaV1
    ? [ProducedItem<TResult>] extends [SchemaInput<TSchema>]
      ? TSchema
      : StandardSchemaV1<ProducedItem<TResult>, unknown>
    : TSchema
  : never
