import { readdir, readFile } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { cpuCount } from '../util/cpu-count.js'
import { parseCfsQuota, parseCgroupPaths, parseCpuMax, parseMemoryLimit, pathAndAbove } from './cgroup.js'

/** What a plan must know of the machine. */
export interface Machine {
  /** What `'cpu'` stands for. */
  readonly cpuCount: number
  /** undefined: nobody knows. */
  readonly gpuCount: number | undefined
  /** As the operating system presets it, for every worker. */
  readonly cudaVisibleDevices: string | undefined
  /** Longest backlog of a listening socket. */
  readonly somaxconn: number | undefined
  /** Of this container, else of the machine. */
  readonly memoryLimitBytes: number | undefined
}

/** Looks at the machine and at the control groups this process is in. */
export async function readMachine(env: NodeJS.ProcessEnv = process.env): Promise<Machine> {
  const paths = parseCgroupPaths((await readText('/proc/self/cgroup')) ?? '')
  const quotas = [
    ...(await readUnified(paths.unified, 'cpu.max', parseCpuMax)),
    ...(await readCfsQuotas(paths.byController.cpu)),
  ]
  const memoryLimits = [
    ...(await readUnified(paths.unified, 'memory.max', parseMemoryLimit)),
    ...(await readMemoryLimits(paths.byController.memory)),
  ]
  const { CUDA_VISIBLE_DEVICES: cudaVisibleDevices } = env
  return {
    cpuCount: cpuCount(availableParallelism(), quotas),
    gpuCount: await countGpus(cudaVisibleDevices),
    cudaVisibleDevices,
    somaxconn: await readSomaxconn(),
    memoryLimitBytes: Math.min(totalmem(), ...memoryLimits),
  }
}

/** Longest backlog of a listening socket; undefined: nobody knows. */
export function readSomaxconn(): Promise<number | undefined> {
  return readNumber('/proc/sys/net/core/somaxconn')
}

const CGROUP_ROOT = '/sys/fs/cgroup'

async function readUnified(
  path: string | undefined,
  file: string,
  parse: (text: string) => number | undefined,
): Promise<number[]> {
  if (path === undefined) return []
  const texts = await Promise.all(pathAndAbove(path).map((folder) => readText(join(CGROUP_ROOT, folder, file))))
  return texts.flatMap((text) => (text === undefined ? [] : (parse(text) ?? [])))
}

async function readCfsQuotas(path: string | undefined): Promise<number[]> {
  if (path === undefined) return []
  const quotas = pathAndAbove(path).map(async (folder) => {
    const [quota, period] = await Promise.all(
      ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => readText(join(CGROUP_ROOT, 'cpu', folder, file))),
    )
    return quota === undefined || period === undefined ? undefined : parseCfsQuota(quota, period)
  })
  return (await Promise.all(quotas)).filter((quota) => quota !== undefined)
}

async function readMemoryLimits(path: string | undefined): Promise<number[]> {
  if (path === undefined) return []
  const files = pathAndAbove(path).map((folder) => join(CGROUP_ROOT, 'memory', folder, 'memory.limit_in_bytes'))
  const texts = await Promise.all(files.map(readText))
  return texts.flatMap((text) => (text === undefined ? [] : (parseMemoryLimit(text) ?? [])))
}

async function countGpus(cudaVisibleDevices: string | undefined): Promise<number | undefined> {
  if (cudaVisibleDevices !== undefined) return countListed(cudaVisibleDevices)
  const byDriver = await readFolder('/proc/driver/nvidia/gpus')
  if (byDriver !== undefined) return byDriver.length
  const devices = await readFolder('/dev')
  // Windows' subsystem for Linux hands its GPUs through /dev/dxg, uncounted; elsewhere than on Linux nothing tells.
  if (process.platform !== 'linux' || devices === undefined || devices.includes('dxg')) return undefined
  return devices.filter((name) => /^nvidia\d+$/.test(name)).length
}

/** CUDA stops reading at the first number that is none (`-1`). */
function countListed(devices: string): number {
  const listed = devices.split(',').map((device) => device.trim())
  const end = listed.findIndex((device) => device === '' || device.startsWith('-'))
  return end === -1 ? listed.length : end
}

async function readNumber(path: string): Promise<number | undefined> {
  const number = Number.parseInt((await readText(path)) ?? '', 10)
  return Number.isNaN(number) ? undefined : number
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

async function readFolder(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path)
  } catch {
    return undefined
  }
}
