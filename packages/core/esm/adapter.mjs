// The ES module face of the one CommonJS build: see index.mjs.
export { checkOptions, createError, createMount } from '../dist/adapter.js'
