import { defineService, type Logger } from '@ekiben/core'
import { silentLog } from './silent-log.js'

export const MIB = 1024 * 1024

/** What bodies may be larger than those that most apps take. */
export const Notes = defineService(
  class Notes {
    keep({ text }: { text: string }) {
      return text.length
    }
    file({ file }: { file: File }) {
      return file.size
    }
    free() {
      return 0
    }
  },
  {
    name: 'Notes',
    apis: {
      keep: { bodyLimit: 2 * MIB },
      // Files go past the parsers of an app.
      file: {
        bodyLimit: 2 * MIB,
        input: { type: 'object', properties: { file: { type: 'string', format: 'binary' } } },
      },
      free: {},
    },
  },
)

/** A log, and what it was told. */
export function recorder(): { log: Logger; lines: { fields: object; message: string | undefined }[] } {
  const lines: { fields: object; message: string | undefined }[] = []
  const log: Logger = {
    ...silentLog,
    warn: (fields, message) => void lines.push({ fields, message }),
    child: () => log,
  }
  return { log, lines }
}

/** What is told of a parser that takes less. */
export const warned = (limit: number, setting: string) => ({
  fields: { api: 'Notes.keep', bodyLimit: 2 * MIB, hostBodyLimit: limit, code: 'EKB_WRN_MOUNT_BODY_LIMIT' },
  message: `Notes.keep takes bodies of up to 2097152 bytes (its bodyLimit), but the app refuses those above ${limit}: raise ${setting}`,
})

/** More than a parser takes by itself, and less than `Notes.keep` does. */
export const large = { text: 'x'.repeat(1.5 * MIB) }
