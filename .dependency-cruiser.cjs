/**
 * Who may import whom. Run by scripts/check-architecture.mjs, which also fails on a rule that guards nothing.
 * Each comment is what an offender gets to read: it says why.
 */
const ADAPTERS = '^packages/(fastify-plugin|express-adapter|nest-module)/src/'
const CORE = '^packages/core/src/'
const SOURCES = '^packages/[^/]+/src/'
const TESTS = '\\.test\\.[cm]?ts$'

module.exports = {
  forbidden: [
    {
      name: 'adapters-use-public-entries',
      comment:
        'An adapter imports only @ekiben/core and @ekiben/core/adapter: if ours need more, nobody else can write one.',
      severity: 'error',
      from: { path: ADAPTERS, pathNot: TESTS },
      to: {
        path: '^packages/core/',
        pathNot:
          '^packages/core/(build/(index|adapter)\\.d\\.ts|dist/(index|adapter)\\.js|esm/(index|adapter)\\.(d\\.mts|mjs))$',
      },
    },
    {
      name: 'core-knows-no-framework',
      comment:
        'Core imports no framework: it serves in all of them, and an app must not load two. Put it into the adapter.',
      severity: 'error',
      from: { path: CORE, pathNot: TESTS },
      to: { path: '(^|node_modules/)(@types/)?(fastify|express|@nestjs/[^/]+)(/|$)' },
    },
    {
      name: 'supervisor-not-to-worker-code',
      comment:
        "The supervisor runs no user code and stays small: it meets the worker's own code in ipc/protocol.ts alone.",
      severity: 'error',
      from: { path: `${CORE}(supervisor/|worker/[^/]+$)`, pathNot: TESTS },
      to: { path: `${CORE}worker/entry/` },
    },
    {
      name: 'worker-code-not-to-supervisor',
      comment: "A worker's own code must not carry the supervisor along: the two meet in ipc/protocol.ts alone.",
      severity: 'error',
      from: { path: `${CORE}worker/entry/`, pathNot: TESTS },
      to: { path: `${CORE}(supervisor/|worker/[^/]+$)` },
    },
    {
      name: 'client-runs-in-browsers',
      comment:
        'The client is loaded by web pages: it uses what browsers have, no node:*, and little of the rest of core.',
      severity: 'error',
      from: { path: `${CORE}client(/|\\.ts$)`, pathNot: TESTS },
      to: {
        pathNot: `${CORE}(client/|errors/(client-rows|error-row)\\.ts|util/(near-names|probed-names)\\.ts|service/service-client\\.ts)`,
      },
    },
    {
      name: 'no-circular-imports',
      comment:
        'Modules in a circle cannot be understood, tested or loaded one by one. Move what both need into a third.',
      severity: 'error',
      from: { path: SOURCES, pathNot: TESTS },
      to: { circular: true },
    },
    {
      name: 'sources-not-to-tests',
      comment: 'What is shipped must not need what is not: tests import sources, never the other way round.',
      severity: 'error',
      from: { path: SOURCES, pathNot: TESTS },
      to: { path: '^(test|bench|scripts|examples)/|\\.test\\.[cm]?ts$' },
    },
    {
      name: 'imports-resolve',
      comment:
        'An import that cannot be followed hides from every other rule. Is the package installed, the file there?',
      severity: 'error',
      from: { path: SOURCES, pathNot: TESTS },
      to: { couldNotResolve: true, pathNot: '(^|node_modules/)(fastify|express|@nestjs/[^/]+|tsx|zod)(/|$)' },
    },
    {
      name: 'declared-packages-only',
      comment: "What is not in the package's own dependencies is there by chance, and missing at a user's.",
      severity: 'error',
      from: { path: SOURCES, pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
  ],
  options: {
    // Types count: a type that is only there on the other side is a tie to it as well.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'packages/core/tsconfig.json' },
    doNotFollow: { path: ['node_modules', '(^|/)(build|dist|esm)/'] },
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default'] },
  },
}
