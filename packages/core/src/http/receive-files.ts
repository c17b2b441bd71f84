import type { Readable } from 'node:stream'
import { formInput, isFilePart } from './form-input.js'
import { decodeText, mediaType, ReadInput, refuseUnreadable } from './parse-input.js'
import { bodyPieces } from './read-body.js'
import { type FormPart, readMultipart } from './read-multipart.js'
import type { RequestFiles } from './request-files.js'
import type { ApiRoute } from './route-table.js'

/** A body as it comes in. */
export interface OpenBody {
  readonly stream: Readable
  readonly contentType: string | undefined
}

/** The input of a body that is a file, or has some among its parts. What is kept of it is kept by `files`. */
export async function receiveFiles(
  { stream, contentType }: OpenBody,
  route: ApiRoute,
  files: RequestFiles,
): Promise<ReadInput> {
  const pieces = bodyPieces(stream, route)
  if (route.input === 'binary') {
    const type = mediaType(contentType)
    refuseUnreadable(type, 'binary')
    return new ReadInput(toFile(await files.keep(pieces), 'body', type))
  }
  const parts = await readMultipart(pieces, contentType as string, files)
  return new ReadInput(await toInput(parts, route))
}

async function toInput(parts: readonly FormPart[], { fields }: ApiRoute): Promise<unknown> {
  const entries = await Promise.all(
    parts
      .filter((part) => !isNoFile(part))
      .map(async ({ name, head, content }) => {
        if (isFilePart(head, fields.get(name)))
          return { name, value: toFile(content, head.fileName || name, head.type) }
        const bytes = content instanceof Uint8Array ? content : new Uint8Array(await content.arrayBuffer())
        return { name, value: decodeText(bytes), isJson: head.type === 'application/json' }
      }),
  )
  return formInput(entries, fields)
}

/** What a browser sends for a file input in which no file was chosen. */
function isNoFile({ head, content }: FormPart): boolean {
  return head.fileName === '' && content instanceof Uint8Array && content.byteLength === 0
}

function toFile(content: Uint8Array | Blob, name: string, type = ''): File {
  return new File([content as Blob | Uint8Array<ArrayBuffer>], name, { type })
}
