/** This package's own version: a constant, so that it survives a bundler. A test holds it equal to package.json. */
export const VERSION = '0.1.0'
