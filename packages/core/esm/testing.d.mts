export {
  type ConformanceOptions,
  type ConformanceService,
  type FakeMethods,
  fakeClient,
  type HostTraits,
  type HostUnderTest,
  hostConformance,
  type TestedService,
  type TestServiceOptions,
  testService,
} from '../build/testing.js'
