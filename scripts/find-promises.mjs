import ts from 'typescript'

/**
 * Promises that nobody waits for, in a file of a type-checked program: `[{ line, what }]`. The linter has rules for
 * the same, which do not see what comes from Node's own modules, such as `node:fs/promises`.
 */
export function findUnhandledPromises(file, checker) {
  const found = []
  const add = (node, what) =>
    found.push({ line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1, what })
  const visit = (node) => {
    if (ts.isExpressionStatement(node) && isFloating(node.expression, checker)) {
      add(node, `nobody waits for ${shorten(node.expression.getText(file))}: await it, or handle its failure`)
    }
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      for (const argument of node.arguments ?? []) {
        if (isMisused(argument, checker)) {
          add(argument, `nobody waits for what ${shorten(argument.getText(file))} returns: handle its failure inside`)
        }
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function shorten(text) {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}…` : line
}

function isFloating(expression, checker) {
  if (ts.isParenthesizedExpression(expression)) return isFloating(expression.expression, checker)
  if (ts.isVoidExpression(expression) || ts.isAwaitExpression(expression)) return false
  if (ts.isConditionalExpression(expression)) {
    return isFloating(expression.whenTrue, checker) || isFloating(expression.whenFalse, checker)
  }
  if (ts.isBinaryExpression(expression)) {
    // An assignment keeps it; `a && b()` and `a ?? b()` are b().
    const { kind } = expression.operatorToken
    const isAssignment = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
    return !isAssignment && isFloating(expression.right, checker)
  }
  return isPromise(checker.getTypeAtLocation(expression), checker) && !isHandled(expression, checker)
}

function isPromise(type, checker) {
  if (type.isUnion()) return type.types.some((each) => isPromise(each, checker))
  if (type.flags & ts.TypeFlags.Any) return false
  return checker.getPropertyOfType(type, 'then') !== undefined
}

/** `.catch(f)`, `.then(f, g)`, and `.finally(f)` after one of them. */
function isHandled(expression, checker) {
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return false
  const { name, expression: before } = expression.expression
  if (name.text === 'catch') return expression.arguments.length > 0
  if (name.text === 'then') return expression.arguments.length > 1
  return name.text === 'finally' && isHandled(before, checker)
}

/** A function that returns a promise, given where a function without a result is expected. */
function isMisused(argument, checker) {
  if (!ts.isArrowFunction(argument) && !ts.isFunctionExpression(argument) && !ts.isIdentifier(argument)) return false
  const expected = checker.getContextualType(argument)?.getCallSignatures() ?? []
  if (expected.length === 0) return false
  const isVoid = (signature) => (signature.getReturnType().flags & ts.TypeFlags.Void) !== 0
  if (!expected.every(isVoid)) return false
  const given = checker.getTypeAtLocation(argument).getCallSignatures()
  return given.some((signature) => isPromise(signature.getReturnType(), checker))
}
