// What one instance alone answered, and what was answered here, side by side.
import type { Difference } from '../../finding.ts'
import type { Showing } from '../../request.ts'
import type { Observation, Trace } from '../../trace.ts'
import { answerLines } from '../answer.ts'
import { diffRows, folded, type DiffRow } from '../diff.ts'
import { html, type Markup } from './markup.ts'

const linesAround = 3
const maxRows = 120

export function comparison(difference: Difference, showing: Showing | undefined): Markup {
  const alone = answerAt(showing?.alone, difference.step)
  const here = answerAt(showing?.run, difference.step)
  const [left, right] =
    alone === undefined || here === undefined
      ? [difference.expected.split('\n'), difference.actual.split('\n')]
      : [answerLines(alone), answerLines(here)]
  const rows = folded(diffRows(left, right), linesAround)
  const more =
    rows.length > maxRows
      ? html`<tr class="fold">
          <td colspan="2">… more lines</td>
        </tr>`
      : undefined
  return html`<p class="where">Differs at <code>${difference.where}</code>.</p>
    <table class="diff">
      <thead>
        <tr>
          <th>One instance alone</th>
          <th>${here === undefined ? 'Here' : `Instance ${here.instance}`}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, maxRows).map(rowMarkup)}${more}
      </tbody>
    </table>
    <p class="aside">What differs from run to run anyway, such as tokens and times, may be marked too.</p>`
}

function answerAt(trace: Trace | undefined, step: number): Observation | undefined {
  return trace?.observations.find((observation) => observation.step === step)
}

function rowMarkup(row: DiffRow | number): Markup {
  if (typeof row === 'number')
    return html`<tr class="fold">
      <td colspan="2">${row} equal lines</td>
    </tr> `
  const { left, right, isSame } = row
  if (isSame)
    return html`<tr class="same">
      <td>${left}</td>
      <td>${right}</td>
    </tr> `
  return html`<tr>
    ${cell(left, 'gone')}${cell(right, 'come')}
  </tr> `
}

function cell(text: string | undefined, kind: 'gone' | 'come'): Markup {
  return text === undefined ? html`<td class="none"></td>` : html`<td class="${kind}">${text}</td>`
}
