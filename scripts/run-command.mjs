import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * Runs a command in the repository and resolves to `{ code, output, seconds }`; a signal counts as code 1.
 * With `capture` what it writes is kept instead of shown.
 */
export function runCommand(command, args, { capture = false, cwd = ROOT, env = process.env } = {}) {
  const startedAt = Date.now()
  const stdio = capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit']
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio })
    let output = ''
    const keep = (chunk) => {
      output += chunk
    }
    child.stdout?.setEncoding('utf8').on('data', keep)
    child.stderr?.setEncoding('utf8').on('data', keep)
    child.on('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (signal !== null) output += `\n${command} was ended by ${signal}\n`
      resolve({ code: code ?? 1, output, seconds: (Date.now() - startedAt) / 1000 })
    })
  })
}

/** Runs npm: the one that runs us where there is one, so that a fresh clone needs no second npm on the PATH. */
export function runNpm(args, options) {
  const script = process.env.npm_execpath
  if (script?.endsWith('.js')) return runCommand(process.execPath, [script, ...args], options)
  return runCommand('npm', args, options)
}

/** Runs an installed tool with this Node, by the path of its script in node_modules. */
export function runTool(script, args, options) {
  return runCommand(process.execPath, [`${ROOT}node_modules/${script}`, ...args], options)
}
