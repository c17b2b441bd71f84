/** A certificate for localhost and its key, as PEM: made by the tests' own helper, which is TypeScript. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export async function makeCertificate() {
  const entry = fileURLToPath(new URL('../../test/helpers/certificates.ts', import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  })
  const { makeAuthority } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`
  )
  return makeAuthority().issue('localhost')
}
