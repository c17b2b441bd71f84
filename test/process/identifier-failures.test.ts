import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { resolveIdentifiers } from '../helpers/resolve-identifiers.js'

const FILES = {
  'service.mjs':
    "import { defineService } from '@ekiben/core'\nexport const Classifier = defineService(class Classifier {})\nexport class Plain {}\n",
  'two.mjs':
    "import { defineService } from '@ekiben/core'\nexport const A = defineService(class A {})\nexport const B = defineService(class B {})\n",
  'typed.ts': '',
  'model.py': '',
  'throws.mjs': "export const before = 1\nthrow new TypeError('no model at /models')\n",
  'throws-text.mjs': "throw 'just text'\n",
  'missing-import.mjs': "import './not-there.mjs'\n",
  'missing-package.cjs': "require('not-installed')\n",
  'missing-export.mjs': "import { nope } from './service.mjs'\nexport const x = nope\n",
  'syntax.mjs': 'const a = 1\n\nconst b = = 2\n',
  'imports-syntax.mjs': "import './syntax.mjs'\n",
  'esm/package.json': { type: 'module' },
  'esm/syntax.js': 'export const a = 1\nexport const b = )\n',
  'syntax.cjs': 'const a = 1\nconst b = = 2\n',
  'json.mjs': "JSON.parse('{')\n",
  'bad-service.mjs':
    "import { defineService } from '@ekiben/core'\nexport const A = defineService(class A {}, { worker: 2 })\n",
  'broken-manifest/package.json': '{ "ekiben": ',
  'bad-field/package.json': { ekiben: { service: 3 } },
  'dead-field/package.json': { ekiben: { service: './gone.mjs' } },
  'empty/readme.txt': '',
  'node_modules/hides/package.json': { exports: { '.': './index.js' } },
  'node_modules/hides/sub.js': '',
}

interface Expectation {
  readonly code: string
  readonly message: RegExp
  readonly hint?: RegExp
  /** Of the cause: the user's own error. */
  readonly stack?: RegExp
}

const EXPECTED: Readonly<Record<string, Expectation>> = {
  'service:': { code: 'MALFORMED', message: /after the colon is empty/ },
  'bundle:summarizer:1': { code: 'BUNDLE_UNKNOWN', message: /bundle:summarizer:1/, hint: /not built yet/ },
  'servise:Classifier': {
    code: 'NOT_FOUND',
    message:
      /'servise:Classifier'; looked at:(.|\n)*servise\{\.ts,(.|\n)*servise\/(.|\n)*package 'servise' in node_modules/,
    hint: /Did you mean service\?/,
  },
  './servise.mjs': { code: 'NOT_FOUND', message: /servise\.mjs/, hint: /Did you mean \.\/service\.mjs\?/ },
  './typed.js': { code: 'NOT_FOUND', message: /typed\.js/, hint: /Did you mean \.\/typed\.ts/ },
  './model.py': { code: 'NOT_FOUND', message: /model\.py \(not a JavaScript or TypeScript file\)/ },
  './gone/service:A': { code: 'NOT_FOUND', message: /gone\/service\{/ },
  empty: {
    code: 'NOT_FOUND',
    message: /empty\/ \(no ekiben\.service in package\.json, no service\.\*, no index\.\*\)/,
  },
  'hides/sub:A': { code: 'NOT_FOUND', message: /exports\['\.\/sub'\] of .*hides\/package\.json/ },
  '@scope/nothing:A': { code: 'NOT_FOUND', message: /package '@scope\/nothing'/ },
  './dead-field': {
    code: 'NOT_FOUND',
    message: /'\.\/gone\.mjs', which is ekiben\.service in .*dead-field\/package\.json/,
  },
  './bad-field': { code: 'MALFORMED', message: /'3' is malformed: it is not a string \(ekiben\.service in / },
  './broken-manifest': { code: 'LOAD_FAILED', message: /broken-manifest\/package\.json was found, but failed.*JSON/ },
  'service:Clasifier': { code: 'EXPORT_NOT_FOUND', message: /exports Classifier, Plain/, hint: /mean Classifier\?/ },
  'service:Plain': { code: 'NOT_A_SERVICE', message: /'Plain' in .*service\.mjs is the class Plain without @service/ },
  two: { code: 'AMBIGUOUS', message: /: A, B$/, hint: /:A/ },
  throws: { code: 'LOAD_FAILED', message: /TypeError: no model at \/models$/, stack: /throws\.mjs:2:7/ },
  'throws-text': { code: 'LOAD_FAILED', message: /it threw 'just text'/ },
  'missing-import': { code: 'LOAD_FAILED', message: /not-there\.mjs' imported from .*missing-import\.mjs/ },
  'missing-package': { code: 'LOAD_FAILED', message: /Cannot find module 'not-installed'/ },
  'missing-export': {
    code: 'LOAD_FAILED',
    message: /does not provide an export named 'nope' \(.*missing-export\.mjs:1\)/,
  },
  syntax: {
    code: 'LOAD_FAILED',
    message: /SyntaxError: .* \(.*\/syntax\.mjs:3\)$/,
    stack: /^.*syntax\.mjs:3\nconst b = = 2\n {10}\^/,
  },
  'imports-syntax': { code: 'LOAD_FAILED', message: /imports-syntax\.mjs was found.* \(.*\/syntax\.mjs:3\)$/ },
  'esm/syntax': { code: 'LOAD_FAILED', message: /\(.*esm\/syntax\.js:2\)$/ },
  './syntax.cjs': { code: 'LOAD_FAILED', message: /\(.*\/syntax\.cjs:2\)$/ },
  json: { code: 'LOAD_FAILED', message: /SyntaxError: .*JSON/, stack: /json\.mjs:1:6/ },
}

describe('an identifier that leads nowhere', () => {
  let project: ProjectFolder
  before(async () => {
    project = await projectFolder(FILES)
  })
  after(() => project[Symbol.asyncDispose]())

  it('says which of the failures it is, where, and what to do', async () => {
    const resolutions = await resolveIdentifiers(project, Object.keys(EXPECTED))
    for (const { identifier, code, message, hint, cause } of resolutions) {
      const expected = EXPECTED[identifier] as Expectation
      assert.equal(code, `EKB_ERR_IDENTIFIER_${expected.code}`, `${identifier}: ${message}`)
      assert.match(message ?? '', expected.message, identifier)
      assert.match(hint ?? '', expected.hint ?? /./, identifier)
      if (expected.stack !== undefined) assert.match(cause?.stack ?? '', expected.stack, identifier)
    }
  })

  it("passes on what a service's own declaration says", async () => {
    const [resolution] = await resolveIdentifiers(project, ['bad-service'])
    assert.equal(resolution?.code, 'EKB_ERR_CONFIG_UNKNOWN')
    assert.match(resolution?.hint ?? '', /workers/)
  })

  it('names a working directory that does not exist', async () => {
    const [resolution] = await resolveIdentifiers(project, ['service:A'], { workingDir: join(project.path, 'gone') })
    assert.equal(resolution?.code, 'EKB_ERR_IDENTIFIER_NOT_FOUND')
    assert.match(resolution?.message ?? '', /the working directory .*\/gone, which does not exist/)
  })
})
