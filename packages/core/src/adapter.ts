export type { ErrorParams } from './errors/catalogue.js'
export { createError } from './errors/service-error.js'
export { checkOptions } from './hosting/check-options.js'
export { closeAfter } from './hosting/close-after.js'
export { createMount } from './hosting/create-mount.js'
export type { HostError } from './hosting/host-error.js'
export { type FrameworkRequest, hostRequest, type RequestContext } from './hosting/host-request.js'
export { jsonLimitOf } from './hosting/json-limit.js'
export { type LineWriter, lineLogger } from './hosting/line-logger.js'
export type {
  HostBodyLimit,
  Mount,
  MountAnswer,
  MountCallContext,
  MountOptions,
  MountRequest,
  MountRoute,
  MountTarget,
  RequestHead,
  SystemRoutesOption,
} from './hosting/mount-types.js'
export { isService, serviceName } from './hosting/mounted-definition.js'
export { type AnsweredRequest, isParsed, type OpenRequest, openRequest } from './hosting/open-request.js'
export type { ApiDescription, BodyContent } from './openapi/describe-api.js'
