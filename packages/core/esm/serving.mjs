// The ES module face of the one CommonJS build: see index.mjs.
export { serveHttpProduction } from '../dist/serving.js'
