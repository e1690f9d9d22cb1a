// How the page looks: light and dark, on a desk, a phone and paper.

export const style: string = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f7f7f4, #17181a);
  --card: light-dark(#ffffff, #202226);
  --ink: light-dark(#1f2328, #e8e6e1);
  --soft: light-dark(#5d646c, #a3a8b0);
  --line: light-dark(#e1e2dd, #34373d);
  --wash: light-dark(#f1f1ec, #292c31);
  --bad: light-dark(#a3271b, #ff9d8a);
  --bad-wash: light-dark(#fdeae6, #46231d);
  --good: light-dark(#1f6b43, #84d2a4);
  --good-wash: light-dark(#e4f3e8, #1d3727);
  --unsure: light-dark(#855600, #f0c36a);
  --unsure-wash: light-dark(#fbf1d9, #3d3119);
  --mono: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace;
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif }
main { max-width: 62rem; margin: 0 auto; padding: clamp(1rem, 4vw, 2.5rem) clamp(.75rem, 4vw, 2rem) 4rem }
code, pre, .diff td, .source { font-family: var(--mono); font-size: .875em }
code { overflow-wrap: anywhere }
h1 { font-size: clamp(1.4rem, 4.5vw, 2rem); line-height: 1.2; margin: .25rem 0 .75rem; text-wrap: balance }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .5rem }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem }
p { margin: .5rem 0 }
ul, ol { margin: .5rem 0; padding-left: 1.25rem }
a { color: inherit }
header { border-left: .375rem solid var(--tone); padding: .25rem 0 .25rem 1.25rem; margin-bottom: 2rem }
header.good { --tone: var(--good) } header.bad { --tone: var(--bad) } header.unsure { --tone: var(--unsure) }
header h1 { color: var(--tone) }
.brand, .facts, .aside, .app { color: var(--soft); margin: 0 }
.brand { font-weight: 600; letter-spacing: .02em }
.facts, .aside { font-size: .875rem }
nav { margin-bottom: 1.5rem }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: clamp(1rem, 3vw, 1.75rem); margin-bottom: 1.5rem }
.count { display: inline-block; min-width: 1.9rem; padding: 0 .4rem; border-radius: 1rem; background: var(--bad-wash); color: var(--bad); text-align: center; font-size: 1rem }
.tags { margin: 0 0 1rem }
.tag { display: inline-block; font: .8rem/1.6 var(--mono); background: var(--bad-wash); color: var(--bad); border-radius: .3rem; padding: 0 .5rem; margin-right: .5rem }
.tag.quiet { background: var(--wash); color: var(--soft) }
.sentence { font-size: 1.1rem; overflow-wrap: anywhere }
.sentence code, .where code { background: var(--wash); border-radius: .25rem; padding: .05rem .3rem }
.modes { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; margin: 1.25rem 0 0 }
.modes div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem }
.modes dt { font-size: .8rem; color: var(--soft) }
.modes dd { margin: 0; font-weight: 600 }
.modes .differs dd { color: var(--bad) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; color: var(--soft); font-size: .875rem; padding-bottom: .5rem }
.timeline th { text-align: left; font-size: .8rem; font-weight: 600; color: var(--soft); padding: .25rem .5rem }
.timeline td { padding: .3rem .5rem; border-top: 1px solid var(--line) }
.timeline .lane { text-align: center; width: 4.5rem; padding-inline: .25rem; background: linear-gradient(var(--line), var(--line)) center / 2px 100% no-repeat }
.timeline th.lane { background: none }
.timeline .reader { background: var(--bad-wash) }
.timeline .writer { background: var(--unsure-wash) }
.number { color: var(--soft); text-align: right; width: 2.5rem; font-variant-numeric: tabular-nums }
.note { display: inline-block; font: .78rem/1.5 ui-sans-serif, system-ui, sans-serif; font-weight: 600; margin-left: .75rem; color: var(--soft) }
.reader .note { color: var(--bad) }
.writer .note { color: var(--unsure) }
.by { margin-left: .5rem; color: var(--soft); font-size: .8rem }
.dot, .pill { display: inline-block; color: light-dark(#fff, #14161a); background: var(--hue); border-radius: 1rem; font-weight: 600; font-size: .8rem; line-height: 1.5; padding: 0 .55rem; white-space: nowrap; print-color-adjust: exact }
.dot { min-width: 1.5rem; padding: 0 .35rem }
.i1 { --hue: light-dark(#1d63b8, #7db4f5) } .i2 { --hue: light-dark(#a8540a, #f2ad66) } .i3 { --hue: light-dark(#17755c, #6fd0b4) }
.i4 { --hue: light-dark(#7a3fa8, #c69bee) } .i5 { --hue: light-dark(#a52c62, #f193bd) } .i6 { --hue: light-dark(#5b6414, #c5cf6b) }
.diff { table-layout: fixed; border: 1px solid var(--line); margin-top: .5rem }
.diff th { text-align: left; font-size: .8rem; color: var(--soft); padding: .35rem .6rem; border-bottom: 1px solid var(--line) }
.diff td { vertical-align: top; padding: .05rem .6rem; white-space: pre-wrap; overflow-wrap: anywhere; width: 50% }
.diff td + td, .diff th + th { border-left: 1px solid var(--line) }
.diff .gone { background: var(--good-wash) } .diff .come { background: var(--bad-wash) } .diff .none { background: var(--wash) }
.diff .gone, .diff .come, .reader, .writer, .marked td { print-color-adjust: exact }
.diff .same td { color: var(--soft) }
.diff .fold td { color: var(--soft); background: var(--wash); font: .78rem/1.6 ui-sans-serif, system-ui, sans-serif; text-align: center }
.source { margin: .5rem 0; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden }
figcaption, li, .by, h1, .app { overflow-wrap: anywhere }
figcaption { color: var(--soft); font-size: .8rem; padding: .35rem .75rem; border-bottom: 1px solid var(--line); background: var(--wash) }
.source td { padding: 0 .75rem; white-space: pre }
.source .number { user-select: none; padding-right: 0 }
.source .marked td { background: var(--unsure-wash) }
.source .note { color: var(--unsure) }
pre { margin: 0; padding: .75rem; overflow-x: auto }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin-top: .5rem }
.pair figure { margin: 0; border: 1px solid var(--line); border-radius: .5rem; min-width: 0; overflow: hidden }
summary { cursor: pointer; font-weight: 600 }
.again { background: var(--wash); border-radius: .5rem; white-space: pre-wrap; overflow-wrap: anywhere }
.routes { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .35rem }
.routes li { background: var(--wash); border-radius: .3rem; padding: 0 .5rem }
meter { vertical-align: middle; width: 8rem }
@media (max-width: 40rem) {
  .timeline .lane { width: 3rem } .timeline td, .timeline th { padding-inline: .2rem } .number { width: 1.75rem }
  .pill { padding: 0 .35rem } .note { display: block; margin-left: 0 }
  .source .note { display: inline-block; margin-left: .75rem }
  .modes { grid-template-columns: 1fr } .modes div { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline }
  .diff, .diff thead, .diff tbody, .diff tr, .diff td, .diff th { display: block; width: auto }
  .diff td + td, .diff th + th { border-left: none } .diff th { border: none; padding-block: .1rem }
  .diff .same td + td, .diff .none { display: none }
  .diff td { padding-left: 1.4rem; text-indent: -1rem } .diff th { padding-left: .4rem }
  .diff .gone::before, .diff th::before { content: '− ' } .diff .come::before, .diff th + th::before { content: '+ ' } .diff .same td::before { content: '  ' }
  .pair { grid-template-columns: minmax(0, 1fr) }
}
@media print {
  :root { color-scheme: light } body { background: none; font-size: 10pt } main { max-width: none; padding: 0 }
  section { border: none; padding: 0; margin-bottom: 1.5rem } tr, .modes, figure { break-inside: avoid } h2, h3 { break-after: avoid }
  details::details-content { content-visibility: visible; height: auto } .scroll { overflow: visible } .source td, pre { white-space: pre-wrap }
}
`
