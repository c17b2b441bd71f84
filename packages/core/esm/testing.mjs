// The ES module face of the one CommonJS build: see index.mjs.
export { fakeClient, hostConformance, testService } from '../dist/testing.js'
