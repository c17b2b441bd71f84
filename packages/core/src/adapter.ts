export { createMount } from './hosting/create-mount.js'
export type {
  Mount,
  MountAnswer,
  MountCallContext,
  MountOptions,
  MountRequest,
  MountRoute,
  MountTarget,
  SystemRoutesOption,
} from './hosting/mount-types.js'
