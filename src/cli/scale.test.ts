import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scaleText, wantedScale } from './scale.ts'

test('wantedScale reads a number of instances or auto', () => {
  assert.equal(wantedScale('64'), 64)
  assert.equal(wantedScale('auto'), 'auto')
  for (const wrong of ['0', '65', '-1', '1.5', 'Auto', '']) {
    const message = `Cannot use scale ${JSON.stringify(wrong)}: wanted a whole number from 1 to 64, or auto`
    assert.throws(() => wantedScale(wrong), { code: 'OPTION_INVALID', message })
  }
})

test('scaleText says who decides', () => {
  assert.equal(scaleText({ instances: 1, autoscale: null }), 'Scaled to 1 instance, whatever the load')
  const auto = { instances: 5, autoscale: { min: 2, max: 10 } }
  assert.equal(scaleText(auto), 'The load decides, between 2 and 10: 5 instances for now')
})
