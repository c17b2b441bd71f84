export { type FakeMethods, fakeClient } from './testing/fake-client.js'
export {
  type ConformanceOptions,
  type ConformanceService,
  type HostTraits,
  type HostUnderTest,
  hostConformance,
} from './testing/host-conformance.js'
export { type TestedService, type TestServiceOptions, testService } from './testing/test-service.js'
