#!/usr/bin/env node
'use strict'

// Nothing newer than Node 6 here: it must run on any Node, to say that the Node is too old.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`ekiben needs Node 20.19 or later; this is Node ${process.versions.node}.`)
  process.exitCode = 2
} else {
  require('../dist/cli/main.js').main(process.argv.slice(2))
}
