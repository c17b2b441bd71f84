import { ROOT, runCommand, runTool } from './run-command.mjs'

const captured = { capture: true }
const script = (name) => () => runCommand(process.execPath, [`${ROOT}scripts/${name}`], captured)

/** TypeScript 7 takes half the time. What is shipped is checked by 6, which builds it. */
const TSC = `${ROOT}test/types/compilers/typescript-7/node_modules/typescript/bin/tsc`

/** What is checked without running our code, what takes longest first. */
export const CHECKS = [
  {
    name: 'types of the tests',
    run: () => runCommand(process.execPath, [TSC, '-p', 'test', '--pretty', 'false'], captured),
  },
  {
    name: 'format and lint',
    run: () => runTool('@biomejs/biome/bin/biome', ['check', '.', '--error-on-warnings', '--colors=off'], captured),
  },
  { name: 'architecture', run: script('check-architecture.mjs') },
  { name: 'pure files', run: script('check-pure.mjs') },
  { name: 'promises', run: script('check-promises.mjs') },
  { name: 'packages', run: script('check-packages.mjs') },
]
