// A finding as a section of the page.
import type { Finding, ModeTriple } from '../../finding.ts'
import { explanations } from '../explain/explanations.ts'
import type { Excerpt, ReportInput } from '../input.ts'
import type { Phrase } from '../phrase.ts'
import {
  expectedPhrase,
  findingPhrase,
  isOfTestsAlone,
  remedies,
  sureText,
  testsLines,
  testsPhrase,
} from '../words.ts'
import { comparison } from './comparison.ts'
import { html, phraseMarkup, type Markup } from './markup.ts'
import { timeline } from './timeline.ts'

export function findingSection(finding: Finding, index: number, input: ReportInput): Markup {
  const { divergence, cause } = finding
  const { title, what, shows } = explanations[cause.kind]
  const showing = input.showings[index]
  const sure = sureText(cause)
  return html`<section class="finding" id="finding-${index + 1}">
    <h2><span class="count">${index + 1}</span> ${title}</h2>
    <p class="tags"><span class="tag">${cause.kind}</span><span class="tag quiet">${sure}</span></p>
    <p class="sentence">
      ${phraseMarkup(asSentence(findingPhrase(finding, input.flow, showing)))};
      ${phraseMarkup(expectedPhrase(divergence.difference, showing))}.
    </p>
    ${testsSection(finding)} ${modeCards(divergence.modes)}
    ${
      showing === undefined
        ? undefined
        : html`<h3>Who answered what</h3>
            ${timeline(showing.run, divergence, input.flow)}`
    }
    ${
      isOfTestsAlone(finding)
        ? undefined
        : html`<h3>The two answers</h3>
            ${comparison(divergence.difference, showing)}`
    }
    ${sourceSection(input.excerpts[index] ?? [])} ${filesSection(cause.files)}
    <h3>How to fix it</h3>
    <p>${what} ${shows}</p>
    ${remedySection(finding)}
  </section> `
}

function asSentence([first = '', ...rest]: Phrase): Phrase {
  return typeof first === 'string'
    ? [first.charAt(0).toUpperCase() + first.slice(1), ...rest]
    : [first, ...rest]
}

function testsSection(finding: Finding): Markup | undefined {
  const phrase = testsPhrase(finding)
  if (phrase === undefined || finding.tests === undefined) return undefined
  const lines = testsLines(finding.tests)
  return html`<p>${phraseMarkup(asSentence(phrase))}.</p>
    ${lines.length === 0 ? undefined : html`<pre>${lines.join('\n')}</pre>`}`
}

function modeCards(modes: ModeTriple): Markup {
  const cards = [
    ['A disk for each instance', modes['private-disk']],
    ['One disk for all', modes['shared-disk']],
    ['Killed and started again', modes.restart],
  ] as const
  return html`<dl class="modes">
    ${cards.map(([name, differs]) => {
      const said = differs === undefined ? 'not run' : differs ? 'differs' : 'the same'
      return html`<div class="${differs === true ? 'differs' : ''}">
        <dt>${name}</dt>
        <dd>${said}</dd>
      </div>`
    })}
  </dl>`
}

function sourceSection(excerpts: readonly Excerpt[]): Markup | undefined {
  if (excerpts.length === 0) return undefined
  return html`<h3>In the source</h3>
    ${excerpts.map(excerptMarkup)}`
}

function excerptMarkup({ file, firstLine, lines, marks }: Excerpt): Markup {
  const rows = lines.map((line, index) => {
    const number = firstLine + index
    const roles = marks.filter((mark) => mark.line === number).map(({ role }) => role)
    const label = roles.length === 0 ? undefined : html`<span class="note">${roles.join(' and ')} here</span>`
    return html`<tr class="${roles.length === 0 ? '' : 'marked'}">
      <td class="number">${number}</td>
      <td class="code">${line}${label}</td>
    </tr> `
  })
  return html`<figure class="source">
    <figcaption>${file}</figcaption>
    <div class="scroll">
      <table>
        ${rows}
      </table>
    </div>
  </figure>`
}

function filesSection(files: readonly string[]): Markup | undefined {
  if (files.length === 0) return undefined
  return html`<h3>Files it wrote</h3>
    <ul>
      ${files.slice(0, 20).map((file) => html`<li><code>${file}</code></li>`)}
    </ul>`
}

function remedySection({ cause }: Finding): Markup {
  const { before, after } = explanations[cause.kind]
  return html`<ul class="remedies">
      ${remedies(cause.kind).map((text) => html`<li>${text}</li>`)}
    </ul>
    <details>
      <summary>Such as</summary>
      <div class="pair">
        <figure>
          <figcaption>Before</figcaption>
          <pre>${before}</pre>
        </figure>
        <figure>
          <figcaption>After</figcaption>
          <pre>${after}</pre>
        </figure>
      </div>
    </details>`
}
