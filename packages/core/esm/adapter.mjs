// The ES module face of the one CommonJS build: see index.mjs.
export {
  checkOptions,
  closeAfter,
  createError,
  createMount,
  hostRequest,
  isParsed,
  isService,
  jsonLimitOf,
  lineLogger,
  openRequest,
  serviceName,
} from '../dist/adapter.js'
