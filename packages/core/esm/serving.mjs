// The ES module face of the one CommonJS build: see index.mjs.
export { exitCodeOf, serveHttpProduction } from '../dist/serving.js'
