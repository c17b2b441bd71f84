import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { projectFolder } from './project-folder.js'

/** The adapter that docs/adapters.md makes, in a file, as a reader would have it. Give it to `await using`. */
export async function koaAdapter(): Promise<AsyncDisposable & { readonly file: string }> {
  const page = readFileSync(resolve('docs/adapters.md'), 'utf8')
  const adapter = /^```js file=koa-ekiben\.mjs\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
  const project = await projectFolder({ 'koa-ekiben.mjs': adapter })
  return { file: join(project.path, 'koa-ekiben.mjs'), [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() }
}
