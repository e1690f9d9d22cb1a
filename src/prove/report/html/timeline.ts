// Which instance answered what: one row a step, one lane an instance.
import type { Divergence } from '../../finding.ts'
import type { Flow } from '../../flow/flow.ts'
import type { Observation, Trace } from '../../trace.ts'
import { html, type Markup } from './markup.ts'
import { stepName } from '../words.ts'

/** More lanes than these do not fit a phone; then there is one, with the instance's number in it. */
const maxLanes = 6
const colours = 6
/** Of a long run only the steps that matter are shown. */
const maxRows = 40

export function timeline(run: Trace, divergence: Divergence, flow: Flow): Markup {
  const { writer, reader, witness } = divergence
  const wanted = new Set([...witness, reader, ...(writer === undefined ? [] : [writer])])
  const isLong = run.observations.length > maxRows
  const rows = isLong ? run.observations.filter(({ step }) => wanted.has(step)) : run.observations
  const left = run.observations.length - rows.length
  const instances = [...new Set(rows.map(({ instance }) => instance))].toSorted((one, two) => one - two)
  const lanes = instances.length > maxLanes ? [undefined] : instances
  return html`<div class="scroll">
    <table class="timeline">
      <caption>
        ${captions[run.mode]}${left === 0 ? '' : ` ${left} other steps are left out.`}
      </caption>
      <thead>
        <tr>
          <th>#</th>
          <th>Step</th>
          ${lanes.map(laneHead)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((observation) => row(observation, lanes, divergence, flow))}
      </tbody>
    </table>
  </div>`
}

const captions = {
  single: 'On one instance.',
  'private-disk': 'Several instances, each with a disk of its own.',
  'shared-disk': 'Several instances on one disk.',
  restart: 'One instance, killed and started again before each request, on the same disk.',
} as const

function laneHead(instance: number | undefined): Markup {
  if (instance === undefined) return html`<th class="lane">instance</th>`
  return html`<th class="lane"><span class="dot ${colour(instance)}">${instance}</span></th>`
}

function row(
  observation: Observation,
  lanes: readonly (number | undefined)[],
  { writer, reader }: Divergence,
  flow: Flow,
): Markup {
  const { step, instance, status } = observation
  const role = step === reader ? 'reader' : step === writer ? 'writer' : ''
  const notes = { reader: 'answered otherwise', writer: 'left the state', '': '' } as const
  const note = role === '' ? undefined : html`<span class="note">${notes[role]}</span>`
  const planned = flow.steps[step]
  const by =
    flow.clients.length > 1 && planned !== undefined && planned.kind !== 'wait'
      ? html`<span class="by">${planned.client}</span>`
      : undefined
  const answer = status === 0 ? (observation.messages.length > 0 ? 'message' : 'no answer') : String(status)
  const cells = lanes.map((lane) => {
    if (lane === undefined)
      return html`<td class="lane"><span class="pill ${colour(instance)}">${instance}: ${answer}</span></td>`
    if (lane !== instance) return html`<td class="lane"></td>`
    return html`<td class="lane">
      <span class="pill ${colour(instance)}" title="instance ${instance}">${answer}</span>
    </td>`
  })
  return html`<tr class="${role}">
    <td class="number">${step + 1}</td>
    <td class="step"><code>${stepName(flow, step)}</code>${by}${note}</td>
    ${cells}
  </tr> `
}

function colour(instance: number): string {
  return `i${((instance - 1) % colours) + 1}`
}
