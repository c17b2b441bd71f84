/**
 * Gives a constructed service its clients as own properties. Defined, not assigned: the class may have a field of
 * that name (initialised to undefined after the decorators ran), an accessor, or nothing.
 */
export function bindDependencies(instance: object, clients: Readonly<Record<string, unknown>>): void {
  for (const [property, client] of Object.entries(clients)) {
    Object.defineProperty(instance, property, { value: client, enumerable: false, writable: false, configurable: true })
  }
}
