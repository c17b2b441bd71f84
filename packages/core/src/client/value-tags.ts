/** What a value is by its tag: `instanceof` fails across realms, and browsers have no `node:util`. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** A Blob, or a File, which is one with a name. */
export function isBlob(value: unknown): value is Blob {
  const tag = tagOf(value)
  return tag === 'Blob' || tag === 'File'
}

export function isFormData(value: unknown): value is FormData {
  return tagOf(value) === 'FormData'
}

/** Bytes, as opposed to a list of numbers: other typed arrays are such lists. */
export function isBytes(value: unknown): value is Uint8Array<ArrayBuffer> | ArrayBuffer | DataView<ArrayBuffer> {
  const tag = tagOf(value)
  return tag === 'Uint8Array' || tag === 'ArrayBuffer' || tag === 'DataView'
}

/** A Float32Array and the like: its JSON is a list. */
export function isNumbers(value: unknown): value is Float64Array {
  return ArrayBuffer.isView(value) && !isBytes(value) && !tagOf(value).startsWith('Big')
}

/** The name of a class whose instances JSON would turn into `{}` in silence; undefined: JSON has a form for it. */
export function unsendableTag(value: object): string | undefined {
  const tag = tagOf(value)
  if (ArrayBuffer.isView(value)) return tag
  return UNSENDABLE.has(tag) ? tag : undefined
}

const UNSENDABLE = new Set([
  ...['Map', 'Set', 'WeakMap', 'WeakSet', 'RegExp', 'Error', 'Promise', 'ArrayBuffer', 'SharedArrayBuffer'],
  ...['Blob', 'File', 'FormData', 'ReadableStream', 'Response', 'Request'],
])
