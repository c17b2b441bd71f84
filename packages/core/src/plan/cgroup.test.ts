import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cpuCount } from '../util/cpu-count.js'
import {
  parseCfsQuota,
  parseCgroupPaths,
  parseCpuMax,
  parseMemoryLimit,
  parseOomKills,
  pathAndAbove,
} from './cgroup.js'

describe('parseCgroupPaths', () => {
  it('reads both versions side by side', () => {
    const text = '12:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/\n0::/system.slice/app.service\n'
    assert.deepEqual(parseCgroupPaths(text), {
      unified: '/system.slice/app.service',
      byController: { cpu: '/docker/abc', cpuacct: '/docker/abc', memory: '/docker/abc', 'name=systemd': '/' },
    })
  })

  it('reads nothing from nothing', () =>
    assert.deepEqual(parseCgroupPaths(''), { unified: undefined, byController: {} }))
})

describe('pathAndAbove', () => {
  it('goes up to the root', () => {
    assert.deepEqual(pathAndAbove('/a/b'), ['/a/b', '/a', '/'])
    assert.deepEqual(pathAndAbove('/'), ['/'])
    assert.deepEqual(pathAndAbove('/../outside'), ['/outside', '/'])
  })
})

describe('limits', () => {
  const CORES: readonly (readonly [number | undefined, number | undefined])[] = [
    [parseCpuMax('max 100000\n'), undefined],
    [parseCpuMax('150000 100000\n'), 1.5],
    [parseCpuMax('50000'), 0.5],
    [parseCpuMax(''), undefined],
    [parseCfsQuota('-1\n', '100000\n'), undefined],
    [parseCfsQuota('200000\n', '100000\n'), 2],
    [parseCfsQuota('200000\n', '0\n'), undefined],
  ]
  it('reads cores', () => {
    for (const [read, expected] of CORES) assert.equal(read, expected)
  })

  it('reads bytes', () => {
    assert.equal(parseMemoryLimit('max\n'), undefined)
    assert.equal(parseMemoryLimit(''), undefined)
    assert.equal(parseMemoryLimit('536870912\n'), 536_870_912)
    assert.equal(parseMemoryLimit('9223372036854771712\n'), undefined)
  })
})

describe('parseOomKills', () => {
  it('reads both versions, and knows when there is none', () => {
    assert.equal(parseOomKills('low 0\nhigh 0\nmax 4\noom 4\noom_kill 3\noom_group_kill 1\n'), 3)
    assert.equal(parseOomKills('oom_kill_disable 0\nunder_oom 0\noom_kill 2\n'), 2)
    assert.equal(parseOomKills('oom_kill_disable 0\nunder_oom 0\n'), undefined)
    assert.equal(parseOomKills(''), undefined)
  })
})

describe('cpuCount', () => {
  const CASES: readonly (readonly [number, readonly number[], number])[] = [
    [8, [], 8],
    [8, [2], 2],
    [8, [1.5], 2],
    [8, [0.25], 1],
    [8, [6, 3.2], 4],
    [2, [16], 2],
    [0, [], 1],
  ]
  for (const [cores, quotas, expected] of CASES) {
    it(`${cores} cores, quotas [${quotas}]: ${expected}`, () => assert.equal(cpuCount(cores, quotas), expected))
  }
})
