import { posix } from 'node:path'
import ts from 'typescript'
import { PURE_PACKAGES } from './pure-files.mjs'

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'clearTimeout', 'clearInterval']
const WORLD = ['process', 'performance', 'crypto', 'fetch', 'console', 'WebSocket', 'require', 'MessageChannel']
const GLOBALS = new Set([...TIMERS, ...WORLD])
const MEMBERS = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout', 'Atomics.wait'])
const FREE_BUILT_INS = new Set(['node:assert', 'node:assert/strict'])
/** A digest is a computation, whatever module it comes from. */
const FREE_IMPORTS = new Set(['node:crypto createHash'])

/** What in a file's text reaches out: `[{ line, what }]`. `isPure` tells which other files it may import. */
export function findImpurities(path, text, isPure) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const declared = declaredNames(file)
  const found = []
  const visit = (node) => {
    // Types are gone at run time.
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return
    const what = impurityOf(node, { path, declared, isPure })
    if (what !== undefined) found.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, what })
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** A parameter called `process` is the caller's business. */
function declaredNames(file) {
  const names = new Set()
  const visit = (node) => {
    const isDeclaration =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node)
    if (isDeclaration && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return names
}

function impurityOf(node, context) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return importOf(node, context)
  if (ts.isCallExpression(node)) {
    if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return 'import() reads a file'
    if (isNamed(node.expression, 'Date')) return 'Date() reads the clock'
  }
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && !node.arguments?.length) {
    return 'new Date() reads the clock'
  }
  if (ts.isPropertyAccessExpression(node)) return memberOf(node)
  if (ts.isIdentifier(node) && GLOBALS.has(node.text) && isReference(node) && !context.declared.has(node.text)) {
    return `uses ${node.text}`
  }
  return undefined
}

function isNamed(node, name) {
  return ts.isIdentifier(node) && node.text === name
}

function memberOf({ expression, name }) {
  if (!ts.isIdentifier(expression)) return undefined
  const member = `${expression.text}.${name.text}`
  if (MEMBERS.has(member)) return `uses ${member}`
  return expression.text === 'globalThis' && GLOBALS.has(name.text) ? `uses ${member}` : undefined
}

/** Not a property's, a member's or a label's name. */
function isReference(node) {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  if (ts.isBindingElement(parent)) return parent.initializer === node
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent)) return parent.initializer === node
  const isMember = ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent) || ts.isPropertySignature(parent)
  if (isMember || ts.isMethodSignature(parent)) return parent.name !== node
  return !ts.isImportSpecifier(parent) && !ts.isExportSpecifier(parent)
}

function importOf(node, { path, isPure }) {
  const specifier = node.moduleSpecifier?.text
  if (specifier === undefined || isTypeOnly(node) || FREE_BUILT_INS.has(specifier)) return undefined
  if (!specifier.startsWith('.')) {
    const names = importedNames(node)
    if (names.length > 0 && names.every((name) => FREE_IMPORTS.has(`${specifier} ${name}`))) return undefined
    return PURE_PACKAGES.includes(specifier) ? undefined : `imports ${specifier}`
  }
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
  return isPure(target) ? undefined : `imports ${specifier}, which is not pure`
}

function importedNames(node) {
  const elements = node.importClause?.namedBindings?.elements ?? []
  return node.importClause?.name === undefined
    ? elements.map(({ name, propertyName }) => (propertyName ?? name).text)
    : []
}

function isTypeOnly(node) {
  const clause = ts.isImportDeclaration(node) ? node.importClause : node
  if (clause === undefined) return false
  if (clause.isTypeOnly || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const bindings = ts.isImportDeclaration(node) ? clause.namedBindings : node.exportClause
  if (clause.name !== undefined || bindings === undefined || bindings.elements === undefined) return false
  return bindings.elements.every((element) => element.isTypeOnly)
}
