// The ES module face of the one CommonJS build: see index.mjs.
export { createMount } from '../dist/adapter.js'
