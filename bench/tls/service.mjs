import { defineService } from '@ekiben/core'

export const TextClassifier = defineService(
  class TextClassifier {
    async classify({ text }) {
      return { label: 'length', score: text.length }
    }
  },
  { apis: { classify: {} } },
)
