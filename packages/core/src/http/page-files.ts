/** The page at `/` and what it loads, by path: files of the folder `page` of this package. */
export const PAGE_FILES = {
  '/': 'index.html',
  '/docs/page.css': 'page.css',
  '/docs/icon.svg': 'icon.svg',
  '/docs/page.mjs': 'page.mjs',
  '/docs/operation-view.mjs': 'operation-view.mjs',
  '/docs/input-form.mjs': 'input-form.mjs',
  '/docs/multipart-fields.mjs': 'multipart-fields.mjs',
  '/docs/answer-view.mjs': 'answer-view.mjs',
  '/docs/schema-view.mjs': 'schema-view.mjs',
  '/docs/schema-example.mjs': 'schema-example.mjs',
  '/docs/stream-items.mjs': 'stream-items.mjs',
  '/docs/curl-command.mjs': 'curl-command.mjs',
  '/docs/element.mjs': 'element.mjs',
} as const

export type PagePath = keyof typeof PAGE_FILES

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  mjs: 'text/javascript; charset=utf-8',
}

/** Nothing from elsewhere, and nothing inline: what an api answers can be shown, but never run. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  'media-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

/** The headers of one of them, as `writeHead` takes them. */
export function pageHeaders(path: PagePath): readonly string[] {
  const type = TYPES[PAGE_FILES[path].replace(/^.*\./, '')] as string
  return [
    ...['content-type', type],
    ...['content-security-policy', POLICY],
    ...['x-content-type-options', 'nosniff'],
    ...['referrer-policy', 'no-referrer'],
    // Small and local: after an upgrade nobody should see old ones.
    ...['cache-control', 'no-cache'],
  ]
}
