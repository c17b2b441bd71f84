export { bootstrapProduction } from '@ekiben/core'
