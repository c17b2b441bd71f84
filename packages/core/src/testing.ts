export { type FakeMethods, fakeClient } from './testing/fake-client.js'
export { type TestedService, type TestServiceOptions, testService } from './testing/test-service.js'
