export {
  type FakeMethods,
  fakeClient,
  type TestedService,
  type TestServiceOptions,
  testService,
} from '../build/testing.js'
