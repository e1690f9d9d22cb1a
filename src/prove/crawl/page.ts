// What a page offers: links, forms and scripts.
import { DomUtils, parseDocument } from 'htmlparser2'

export interface Field {
  readonly name: string
  /** `hidden`, `text`, `password`, `checkbox`, `file`, `select`, `textarea` … */
  readonly type: string
  /** As the page has it; of a select the first real choice. */
  readonly value: string
  readonly required: boolean
  readonly maxLength: number | undefined
  readonly minLength: number | undefined
  readonly min: string | undefined
  readonly max: string | undefined
  readonly accept: string
}

export interface Form {
  readonly method: 'GET' | 'POST'
  /** As written; '' is the page itself. */
  readonly action: string
  readonly isMultipart: boolean
  readonly fields: readonly Field[]
  /** What its button says and what it is called, in lower case. */
  readonly words: string
}

export interface Page {
  readonly links: readonly { readonly href: string; readonly words: string }[]
  readonly forms: readonly Form[]
  readonly inlineScripts: readonly string[]
  readonly scriptUrls: readonly string[]
  /** Of the `<base>`, where there is one. */
  readonly base: string | undefined
  /** By the names of meta tags. */
  readonly csrfMeta: string | undefined
  /** All that it says, cut off somewhere. */
  readonly text: string
  /** Short texts that stand out, such as the names of a demo's accounts. */
  readonly emphasized: readonly string[]
}

type Nodes = ReturnType<typeof parseDocument>['children']
type Element = ReturnType<typeof DomUtils.getElementsByTagName>[number]

export function parsePage(html: string): Page {
  const document = parseDocument(html)
  const all = (name: string) => DomUtils.getElementsByTagName(name, document, true)
  const scripts = all('script')
  const metas = all('meta').filter((meta) => /csrf|xsrf/i.test(attribute(meta, 'name')))
  return {
    links: all('a').flatMap((link) =>
      attribute(link, 'href') === '' ? [] : [{ href: attribute(link, 'href'), words: wordsOf(link) }],
    ),
    forms: all('form').map((form) => formOf(form, document.children)),
    inlineScripts: scripts
      .filter((script) => attribute(script, 'src') === '')
      .map((script) => DomUtils.textContent(script)),
    scriptUrls: scripts.flatMap((script) =>
      attribute(script, 'src') === '' ? [] : [attribute(script, 'src')],
    ),
    base: all('base')
      .map((base) => attribute(base, 'href'))
      .find((href) => href !== ''),
    csrfMeta: metas.map((meta) => attribute(meta, 'content')).find((content) => content.length >= 8),
    text: DomUtils.textContent(document).replaceAll(/\s+/g, ' ').slice(0, 20_000),
    emphasized: ['b', 'strong', 'code', 'kbd', 'em', 'samp'].flatMap((name) =>
      all(name).map((each) => DomUtils.textContent(each).trim()),
    ),
  }
}

function attribute(element: Element, name: string): string {
  return element.attribs[name]?.trim() ?? ''
}

function wordsOf(element: Element): string {
  const labels = ['id', 'class', 'name', 'aria-label', 'title', 'value'].map((name) =>
    attribute(element, name),
  )
  return [...labels, DomUtils.textContent(element)]
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase()
    .slice(0, 200)
}

function formOf(form: Element, page: Nodes): Form {
  const within = (name: string) => DomUtils.getElementsByTagName(name, form, true)
  const id = attribute(form, 'id')
  // Fields may stand elsewhere and name their form.
  const outside =
    id === ''
      ? []
      : DomUtils.find((node) => 'attribs' in node && node.attribs['form'] === id, [...page], true, 100)
  const inputs = [
    ...within('input'),
    ...outside.filter((node): node is Element => 'name' in node && node.name === 'input'),
  ]
  const buttons = [
    ...within('button'),
    ...inputs.filter((input) => /^(?:submit|image)$/i.test(attribute(input, 'type'))),
  ]
  const fields = [
    ...inputs.map(inputField),
    ...within('select').map(selectField),
    ...within('textarea').map(textareaField),
    ...buttons.slice(0, 1).map(buttonField),
  ]
  return {
    method: /^post$/i.test(attribute(form, 'method')) ? 'POST' : 'GET',
    action: attribute(form, 'action'),
    isMultipart: /multipart/i.test(attribute(form, 'enctype')),
    fields: fields.filter(({ name, type }) => name !== '' && !/^(?:submit|image|reset|button)$/.test(type)),
    words: [attribute(form, 'id'), attribute(form, 'class'), ...buttons.map(wordsOf)].join(' ').toLowerCase(),
  }
}

function inputField(input: Element): Field {
  return {
    name: attribute(input, 'name'),
    type: (attribute(input, 'type') || 'text').toLowerCase(),
    value: input.attribs['value'] ?? '',
    required: input.attribs['required'] !== undefined,
    maxLength: lengthOf(attribute(input, 'maxlength')),
    minLength: lengthOf(attribute(input, 'minlength')),
    min: input.attribs['min'],
    max: input.attribs['max'],
    accept: attribute(input, 'accept'),
  }
}

function textareaField(area: Element): Field {
  return { ...inputField(area), type: 'textarea', value: DomUtils.textContent(area) }
}

function lengthOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined
}

function selectField(select: Element): Field {
  const options = DomUtils.getElementsByTagName('option', select, true)
  const valueOf = (option: Element) => option.attribs['value'] ?? DomUtils.textContent(option).trim()
  const chosen = options.find((option) => option.attribs['selected'] !== undefined && valueOf(option) !== '')
  const first =
    chosen ?? options.find((option) => valueOf(option) !== '' && option.attribs['disabled'] === undefined)
  return { ...inputField(select), type: 'select', value: first === undefined ? '' : valueOf(first) }
}

/** The button that is clicked sends its own name. */
function buttonField(button: Element): Field {
  const field = inputField(button)
  return { ...field, type: field.name === '' ? 'submit' : 'clicked' }
}
