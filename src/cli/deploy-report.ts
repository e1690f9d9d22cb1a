// Tells a person how a deploy goes: a line for each step, then how it ended.
import { counted } from '../base/counted.ts'
import { seconds } from '../runtime/announcement.ts'
import type { DeployEnded, DeployEvent, DeployStep } from '../control/deploying.ts'
import { prefix, styleOf } from './fleet-printer.ts'
import type { Printer, Style } from './printer.ts'

type Painter = Pick<Printer, 'paint'>

const stepStyles: Readonly<Record<DeployStep, Style>> = {
  starting: 'yellow',
  ready: 'cyan',
  healthy: 'green',
  draining: 'yellow',
  gone: 'dim',
  died: 'red',
}
const stepWidth = Math.max(...Object.keys(stepStyles).map((step) => step.length))
const timeWidth = '1234.5 s'.length

/** One line for any event but the end. */
export function eventLine(event: Exclude<DeployEvent, DeployEnded>, printer: Painter): string {
  if (event.kind === 'begun') {
    const { version, number, replaces } = event
    const name = printer.paint('bold', version)
    return `Deploying ${name} (number ${number}) in place of ${replaces} on ${counted(event.instances, 'instance')}`
  }
  return `${printer.paint('dim', seconds(event.elapsedMs).padStart(timeWidth))}  ${stepText(event, printer)}`
}

type Step = Exclude<DeployEvent, DeployEnded | { readonly kind: 'begun' }>

function stepText(event: Step, printer: Painter): string {
  switch (event.kind) {
    case 'instance': {
      const step = printer.paint(stepStyles[event.step], event.step.padEnd(stepWidth))
      const detail = event.detail === null ? '' : `  ${event.detail}`
      return `instance ${event.id.padEnd(2)}  ${step}  ${event.version}${detail}`
    }
    case 'progress':
      return printer.paint('bold', `${event.exchanged} of ${event.of} exchanged`)
    case 'canary':
      return `${counted(event.instances, 'instance')} tried as canary for ${seconds(event.forMs)}`
  }
}

/** For standard output: that it is done, or the last lines of the instance it failed by. */
export function endLines({ outcome, version, elapsedMs, lines }: DeployEnded, printer: Painter): string[] {
  if (outcome !== 'done')
    return lines.map((line) => `${printer.paint(styleOf('3'), prefix('output'))} ${line}`)
  return [printer.paint('green', `Done in ${seconds(elapsedMs)}: ${version} runs`)]
}

/** Why it did not succeed and what runs now, in one line; undefined when it is done. */
export function failureText({ outcome, version, running, reason }: DeployEnded): string | undefined {
  if (outcome === 'done') return undefined
  const why = reason ?? (outcome === 'aborted' ? 'it was given up' : 'the fleet gave no reason')
  return `Cannot deploy ${version}: ${why}; ${running} runs`
}
