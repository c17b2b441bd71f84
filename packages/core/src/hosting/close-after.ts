interface Stopping {
  onStop?(): unknown
}

/** Has what a service's instance was made with, such as a container of providers, closed when the service has stopped. */
export function closeAfter<T extends object>(instance: T, close: () => unknown): T {
  const { onStop } = instance as Stopping
  const value = async (): Promise<void> => {
    try {
      await onStop?.call(instance)
    } finally {
      await close()
    }
  }
  return Object.defineProperty(instance, 'onStop', { value, configurable: true })
}
