// Runs in the thread of Node's module hooks, where there are no others (before Node 22.15): tells what imports lead to.
let told

export function initialize({ port }) {
  told = port
}

export async function resolve(specifier, context, nextResolve) {
  const found = await nextResolve(specifier, context)
  told.postMessage(found.url)
  return found
}
