/** Express 4 beside 5: what the tests use of both is the same. */
declare module 'express4' {
  import express from 'express'
  export default express
}

declare module 'multer' {
  import type { RequestHandler } from 'express'
  export default function multer(): { any(): RequestHandler }
}
