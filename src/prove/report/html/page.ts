// The page that a team passes around: one file, no script, nothing loaded from anywhere.
import { createHash } from 'node:crypto'
import type { Finding, Hint } from '../../finding.ts'
import { againText } from '../again.ts'
import type { Flow } from '../../flow/flow.ts'
import { explanations } from '../explain/explanations.ts'
import type { ReportInput } from '../input.ts'
import { counted } from '../../../base/counted.ts'
import { coveragePercent, coverageText, secondsText, verdictText } from '../verdict.ts'
import { isOfTestsAlone, placeText, stepName, testsOutcomeText } from '../words.ts'
import { findingSection } from './finding.ts'
import { html, Markup, type Content } from './markup.ts'
import { style } from './style.ts'

export function htmlReport(input: ReportInput): string {
  const { proof } = input
  const findings = proof.verdict.verdict === 'stateful' ? proof.verdict.findings : []
  // Were text of the app ever to become markup, the browser would still run and load none of it.
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${verdictText(proof)}</title>
        ${new Markup(`<style>${style}</style>`)}
      </head>
      <body>
        <main>
          ${head(input)} ${findings.length > 1 ? contents(input) : undefined}
          ${findings.map((finding, index) => findingSection(finding, index, input))} ${coverageSection(input)}
          ${listSection('What could not be seen', proof.limits)} ${hintSection(proof.hints)}
          ${againSection(input)}
        </main>
      </body>
    </html> `.text
}

function head({ proof, app, finishedAt, version }: ReportInput): Markup {
  const { verdict } = proof
  const tone = { 'no-divergence': 'good', stateful: 'bad', 'could-not-judge': 'unsure' }[verdict.verdict]
  const when = finishedAt.toISOString().slice(0, 16).replace('T', ' ')
  return html`<header class="${tone}">
    <p class="brand">drover prove</p>
    <h1>${verdictText(proof)}</h1>
    <p class="app"><code>${app}</code></p>
    <p class="facts">
      ${when} UTC · ${secondsText(proof.durationMs)} · seed ${proof.seed} · drover ${version}
    </p>
  </header>`
}

function contents({ proof, flow }: ReportInput): Markup | undefined {
  if (proof.verdict.verdict !== 'stateful') return undefined
  return html`<nav>
    <ol>
      ${proof.verdict.findings.map((finding, index) => findingLink(finding, index, flow))}
    </ol>
  </nav>`
}

function coverageSection({ proof }: ReportInput): Markup {
  const { driven, undriven } = proof.coverage
  const percent = coveragePercent(proof.coverage)
  const bar =
    percent === undefined ? undefined : html`<meter min="0" max="100" value="${percent}">${percent} %</meter>`
  return html`<section>
    <h2>What was driven</h2>
    <p>${counted(driven.length, 'route')}, ${coverageText(proof.coverage)}. ${bar}</p>
    ${routes(driven)}
    ${proof.tests === undefined ? undefined : html`<p>Your tests: ${testsOutcomeText(proof.tests)}.</p>`}
    ${
      undriven === undefined || undriven.length === 0
        ? undefined
        : html`<h3>Never driven, so nothing is known of them</h3>
            ${routes(undriven)}`
    }
    <p class="aside">
      A verdict speaks of these routes, in the order and with the values of this flow. It is evidence, and no
      proof of what was not driven.
    </p>
  </section>`
}

function routes(names: readonly string[]): Markup {
  return html`<ul class="routes">
    ${names.map((name) => html`<li><code>${name}</code></li>`)}
  </ul>`
}

function listSection(title: string, items: readonly string[]): Markup | undefined {
  if (items.length === 0) return undefined
  return html`<section>
    <h2>${title}</h2>
    <ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>
  </section>`
}

function hintSection(hints: readonly Hint[]): Markup | undefined {
  if (hints.length === 0) return undefined
  const rows: Content = hints.map(
    ({ kind, at, text }) =>
      html`<li><code>${placeText(at)}</code> ${text} <span class="tag quiet">${kind}</span></li>`,
  )
  return html`<section>
    <h2>Hints</h2>
    <p>From a look at the source. They are no verdict: nothing was seen to depend on them.</p>
    <ul>
      ${rows}
    </ul>
  </section>`
}

function againSection({ again }: ReportInput): Markup {
  return html`<section>
    <h2>The same again</h2>
    <pre class="again">${againText(again)}</pre>
  </section>`
}

function findingLink(finding: Finding, index: number, flow: Flow): Markup {
  const { divergence, cause, tests } = finding
  const { title } = explanations[cause.kind]
  const name = isOfTestsAlone(finding) ? (tests?.command ?? '') : stepName(flow, divergence.reader)
  return html`<li><a href="#finding-${index + 1}">${title}</a> <code>${name}</code></li>`
}
