import { createError } from '../errors/service-error.js'
import { describeValue } from '../graph/resolve-target.js'
import type { MetricsRegistry } from '../metrics/app-metric.js'
import type { BootstrapOptions } from './bootstrap-options.js'

/** The app's own registry; undefined: it has none. */
export function ownRegistry({ metrics }: BootstrapOptions): MetricsRegistry | undefined {
  if (metrics === undefined) return undefined
  const registry = (metrics as Partial<typeof metrics> | null)?.registry
  if (typeof registry?.getMetricsAsJSON === 'function') return registry
  const at = { source: 'bootstrapProduction()', key: 'metrics.registry', value: describeValue(registry) }
  throw createError('EKB_ERR_CONFIG_INVALID', { ...at, expected: 'a registry of prom-client, with getMetricsAsJSON()' })
}
