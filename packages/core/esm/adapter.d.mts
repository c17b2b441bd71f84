export {
  createMount,
  type Mount,
  type MountAnswer,
  type MountCallContext,
  type MountOptions,
  type MountRequest,
  type MountRoute,
  type MountTarget,
  type SystemRoutesOption,
} from '../build/adapter.js'
