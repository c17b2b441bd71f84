import { WORKER_STATES } from '../worker/lifecycle.js'
import { BUCKET_LIMITS_MS } from './count-table.js'
import type { CountTotal } from './count-totals.js'
import type { HistogramSample, MetricFamily, Sample } from './format-exposition.js'

/** One worker as it is now; figures that it has not told yet are undefined. */
export interface WorkerFigures {
  readonly slot: number
  readonly state: string
  readonly inFlight: number | undefined
  readonly rssBytes: number | undefined
  readonly loopUtilization: number | undefined
}

export interface ServiceFigures {
  readonly name: string
  readonly workers: readonly WorkerFigures[]
}

/** What the metrics of an instance are made from. */
export interface InstanceFigures {
  /** By service, api, code. */
  readonly requests: Iterable<CountTotal>
  /** By caller, called service, api, code. */
  readonly calls: Iterable<CountTotal>
  /** By service, reason. */
  readonly handshakes: Iterable<CountTotal>
  /** By service, reason. */
  readonly restarts: Iterable<CountTotal>
  /** By result. */
  readonly reloads: Iterable<CountTotal>
  readonly services: readonly ServiceFigures[]
  readonly supervisorRssBytes: number
}

/** In seconds, as Prometheus counts time. */
const LIMITS = BUCKET_LIMITS_MS.map((limitMs) => limitMs / 1000)
const REQUEST_LABELS = ['service', 'api', 'code']
const CALL_LABELS = ['from', 'to', 'api', 'code']

/** Every metric of an instance, with or without series. */
export function metricFamilies(figures: InstanceFigures): readonly MetricFamily[] {
  const { requests, calls, services } = figures
  return [
    {
      name: 'ekiben_requests_total',
      help: 'Requests, and calls of other services, that a service has answered, by HTTP status.',
      type: 'counter',
      samples: counts(REQUEST_LABELS, requests),
    },
    {
      name: 'ekiben_request_duration_seconds',
      help: 'How long they took, from the head of the request to its answer.',
      type: 'histogram',
      limits: LIMITS,
      samples: histograms(REQUEST_LABELS, requests),
    },
    {
      name: 'ekiben_requests_in_flight',
      help: 'Calls that the workers of a service run now.',
      type: 'gauge',
      samples: services.map(({ name, workers }) => ({
        labels: { service: name },
        value: sum(workers.map(({ inFlight = 0 }) => inFlight)),
      })),
    },
    {
      name: 'ekiben_calls_total',
      help: 'Calls from service to service, as their callers saw them end, by HTTP status.',
      type: 'counter',
      samples: counts(CALL_LABELS, calls),
    },
    {
      name: 'ekiben_call_duration_seconds',
      help: 'How long they took for the caller, waiting for a worker included.',
      type: 'histogram',
      limits: LIMITS,
      samples: histograms(CALL_LABELS, calls),
    },
    {
      name: 'ekiben_tls_handshake_failures_total',
      help: 'Connections that never came to be encrypted, by reason.',
      type: 'counter',
      samples: counts(['service', 'reason'], figures.handshakes),
    },
    {
      name: 'ekiben_workers',
      help: 'Workers by state.',
      type: 'gauge',
      samples: services.flatMap(workersByState),
    },
    {
      name: 'ekiben_worker_restarts_total',
      help: 'Workers that were replaced or started anew, by reason.',
      type: 'counter',
      samples: counts(['service', 'reason'], figures.restarts),
    },
    {
      name: 'ekiben_worker_rss_bytes',
      help: 'Resident memory of the workers in a slot: of two while one replaces the other.',
      type: 'gauge',
      samples: bySlot(services, ({ rssBytes }) => rssBytes, sum),
    },
    {
      name: 'ekiben_loop_utilization',
      help: 'Share of the last heartbeat interval in which the event loop of a slot was busy, 0 to 1.',
      type: 'gauge',
      samples: bySlot(
        services,
        ({ loopUtilization }) => loopUtilization,
        (values) => Math.max(...values),
      ),
    },
    {
      name: 'ekiben_reloads_total',
      help: 'Reloads by result.',
      type: 'counter',
      samples: counts(['result'], figures.reloads),
    },
    {
      name: 'ekiben_supervisor_rss_bytes',
      help: 'Resident memory of the supervisor.',
      type: 'gauge',
      samples: [{ labels: {}, value: figures.supervisorRssBytes }],
    },
  ]
}

function counts(names: readonly string[], totals: Iterable<CountTotal>): Sample[] {
  return [...totals].map(({ labels, count }) => ({ labels: named(names, labels), value: count }))
}

function histograms(names: readonly string[], totals: Iterable<CountTotal>): HistogramSample[] {
  return [...totals].map(({ labels, count, ms, buckets }) => ({
    labels: named(names, labels),
    count,
    sum: ms / 1000,
    buckets,
  }))
}

/** With those that no worker is in: an alert on `ready` needs its zero. */
function workersByState({ name, workers }: ServiceFigures): Sample[] {
  return WORKER_STATES.filter((state) => state !== 'exited').map((state) => ({
    labels: { service: name, state },
    value: workers.filter((worker) => worker.state === state).length,
  }))
}

function bySlot(
  services: readonly ServiceFigures[],
  figureOf: (worker: WorkerFigures) => number | undefined,
  join: (values: readonly number[]) => number,
): Sample[] {
  return services.flatMap(({ name, workers }) => {
    const slots = new Map<number, number[]>()
    for (const worker of workers) {
      const value = figureOf(worker)
      if (value !== undefined) slots.set(worker.slot, [...(slots.get(worker.slot) ?? []), value])
    }
    return [...slots].map(([slot, values]) => ({ labels: { service: name, slot: String(slot) }, value: join(values) }))
  })
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
