import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServiceError } from '../errors/service-error.js'
import { layerFromData } from './layer-from-data.js'
import { OPTION_TAKERS, OPTIONS } from './options.js'
import { refuseIdentifier, refuseUnused } from './refuse-unused.js'

describe('refuseUnused', () => {
  for (const { key, takenBy = OPTION_TAKERS } of OPTIONS) {
    it(`lets ${key} to those that have a use for it, and to nobody else`, () => {
      for (const taker of OPTION_TAKERS) {
        const refuse = () => refuseUnused({ [key]: 'file x' }, taker)
        if (takenBy.includes(taker)) refuse()
        else assert.throws(refuse, { code: 'EKB_ERR_CONFIG_UNUSED', message: new RegExp(`'${key}' \\(file x\\)`) })
      }
    })
  }

  it('lets pass what nobody has given', () => {
    for (const taker of OPTION_TAKERS)
      refuseUnused(Object.fromEntries(OPTIONS.map(({ key }) => [key, 'default'])), taker)
  })

  it('says what stands in for it', () => {
    const refuse = () => refuseUnused({ systemRoutes: 'variable EKIBEN_SYSTEM_ROUTES' }, 'run')
    assert.throws(refuse, ({ hint }: ServiceError) => /--admin has probes/.test(hint ?? ''))
  })

  it('refuses options in code that are for the main file of an app alone, and knows no others', () => {
    const given = { message: /'metrics' \(options in code\) has no use in serveHttpProduction\(\)/ }
    assert.throws(() => layerFromData({ metrics: {} }, 'code', 'options in code'), given)
    assert.throws(() => layerFromData({ uses: [] }, 'code', 'options in code'), { code: 'EKB_ERR_CONFIG_UNUSED' })
    for (const key of ['metric', 'constructor']) {
      assert.throws(() => layerFromData({ [key]: {} }, 'code', 'options in code'), { code: 'EKB_ERR_CONFIG_UNKNOWN' })
    }
    assert.throws(() => layerFromData({ metrics: {} }, 'file', 'file x'), { code: 'EKB_ERR_CONFIG_UNKNOWN' })
  })

  it('refuses an identifier to an app, which is served itself', () => {
    refuseIdentifier({ identifier: undefined }, 'options in code')
    assert.throws(() => refuseIdentifier({ identifier: 'x' }, 'options in code'), {
      code: 'EKB_ERR_CONFIG_UNUSED',
      message: /'identifier' \(options in code\) has no use in bootstrapProduction\(\)/,
    })
  })

  it('knows a part of a setting by its first name', () => {
    assert.throws(() => refuseUnused({ 'depends.Ocr': 'flag --depends' }, 'run'), { code: 'EKB_ERR_CONFIG_UNUSED' })
    assert.throws(() => refuseUnused({ 'cors.origins': 'file x' }, 'bootstrapProduction'), /cors\.origins/)
    refuseUnused({ 'cors.origins': 'file x', 'services.A.env.B': 'file x', 'supervision.surge': 'file x' }, 'serve')
    refuseUnused({ 'workers.A': 'file x', 'services.A.env.B': 'file x', 'supervision.surge': 'file x' }, 'run')
  })
})
