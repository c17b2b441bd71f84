// The ES module face of the one CommonJS build: see index.mjs.
export { checkOptions, createError, createMount, serviceName } from '../dist/adapter.js'
