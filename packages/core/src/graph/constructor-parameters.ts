/** How many arguments `new` needs for a class: those of its constructor, or of the one it inherits. */
export function constructorParameters(userClass: object): number {
  for (let current: unknown = userClass; typeof current === 'function'; current = Object.getPrototypeOf(current)) {
    if (current.length > 0) return current.length
    // A class without a constructor of its own says 0, and hands what it is given to its base; a compiler that
    // moves fields into a constructor writes that out.
    const source = Function.prototype.toString.call(current)
    const inherits =
      /\bextends\b/.test(source) && (!/\bconstructor\s*\(/.test(source) || /super\(\.\.\.arguments\)/.test(source))
    if (!inherits) return 0
  }
  return 0
}
