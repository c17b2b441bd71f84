// The ES module face of the one CommonJS build: see index.mjs.
export { fakeClient, testService } from '../dist/testing.js'
