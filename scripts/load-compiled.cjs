/**
 * Lets this process, and those it starts with its own flags, load the TypeScript that compile-tests.mjs has compiled.
 * Each file keeps its own name, so that `__dirname` and stacks say where it is in the repository.
 */
const { existsSync, readFileSync } = require('node:fs')
const Module = require('node:module')
const { join, relative } = require('node:path')

module.exports = function loadCompiled(root, folder) {
  const { '.ts': loadOther = Module._extensions['.js'] } = Module._extensions
  Module._extensions['.ts'] = (module, file) => {
    const compiled = join(folder, `${relative(root, file)}.js`)
    if (!existsSync(compiled)) return loadOther(module, file)
    process.setSourceMapsEnabled(true)
    module._compile(readFileSync(compiled, 'utf8'), file)
  }
}
