// Rewrites one module of the app so that it tells the tracker of each write to something that may outlive a request, and of each function
// that reads such a thing. Every change wraps an expression into a call that gives back its value; a call begins with a name, as most
// statements do, so that no statement runs into the one before it, and a statement that ended at a line break gets its semicolon.
import { Edits } from './edits.ts'
import type { Edited } from './edits.ts'
import { counterIn, singletonIn } from './counters.ts'
import { isTable, moduleTables } from './module-tables.ts'
import { holderName, shortName } from './naming.ts'
import { packageCalled } from './origin.ts'
import type { PackageAt } from './origin.ts'
import type { Places } from './places.ts'
import { factoriesIn } from './factories.ts'
import { bodyStart, prologue, waits } from './prologue.ts'
import type { Use } from './prologue.ts'
import { buildScopes, patternNames, requiredFrom, resolve } from './scopes.ts'
import type { Binding, Scopes } from './scopes.ts'
import {
  chainStart,
  changing,
  endedByLineBreak,
  isContainer,
  isObjectChange,
  isOptional,
  mayChange,
  stampOf,
} from './shapes.ts'
import { globalName } from './site.ts'
import type { Site } from './site.ts'
import type { FunctionPlace, Place } from './standing.ts'
import { bare, child, children, isFunction, isTypeOnly, list, propertyName, text } from './syntax.ts'
import type { Format, Node } from './syntax.ts'

export interface Rewriting {
  readonly source: string
  readonly program: Node
  readonly format: Format
  readonly places: Places
  readonly packageAt: PackageAt
  /** What the name at an offset was before it was compiled, where that is known. */
  readonly nameAt: (offset: number) => string | undefined
  /** Names the module in what is inserted; letters and digits. */
  readonly id: string
}

const isShort = /^[\w$]{1,3}$/

export function rewrite(input: Rewriting): Edited {
  return new Rewriter(input).run()
}

class Rewriter {
  readonly #input: Rewriting
  readonly #scopes: Scopes
  /** Of no interest. */
  readonly #tables: ReadonlySet<Binding>
  readonly #edits = new Edits()
  readonly #sites: Site[] = []
  /** Nodes that are already wrapped, or must not be. */
  readonly #settled = new Set<Node>()
  readonly #names = new Map<Node, string>()
  readonly #read = new Set<string>()
  /** First uses of the module's own names. */
  readonly #uses = new Map<string, Use>()
  /** Functions that need to know which request called them, as functions in them write their variables. */
  readonly #stamped = new Set<Node>()
  readonly #constructors = new Set<Node>()
  /** Functions that are modules of a bundle. */
  readonly #factories = new Set<Node>()

  constructor(input: Rewriting) {
    this.#input = input
    this.#scopes = buildScopes(input.program)
    this.#tables = moduleTables(input.program, this.#scopes, input.source)
  }

  run(): Edited {
    const place: Place = { scope: this.#scopes.module, fn: undefined, owner: undefined }
    for (const statement of list(this.#input.program, 'body')) this.#visit(statement, place)
    const told = prologue({
      ...this.#input,
      scopes: this.#scopes,
      tables: this.#tables,
      sites: this.#sites,
      read: this.#read,
      uses: this.#uses,
    })
    this.#edits.insert(this.#bodyStart(this.#input.program, 0), told, -1)
    const last = list(this.#input.program, 'body').at(-1)
    if (this.#input.format === 'module' && last !== undefined && !waits(this.#input.program))
      this.#edits.insert(last.end, `;${globalName}.z();`, 2)
    return this.#edits.apply(this.#input.source)
  }

  #bodyStart(body: Node, from: number): number {
    return bodyStart(body, from, this.#input.source)
  }

  #site(site: Omit<Site, 'l'>, node: Node): string {
    // Whoever shortened the names has perhaps told what they were.
    const n = (isShort.test(site.n) ? this.#input.nameAt(node.start) : undefined) ?? site.n
    this.#sites.push({ ...site, n, l: this.#input.places.at(node.start) })
    return `"${this.#input.id}",${this.#sites.length - 1}`
  }

  /** `node` becomes `call(site, node)`; what is inside `node` is visited between both halves. */
  #wrap(node: Node, call: string, inside: () => void, after = ''): void {
    this.#edits.insert(node.start, `${globalName}.${call},`)
    inside()
    this.#edits.insert(node.end, `${after})`)
  }

  #visit(node: Node, place: Place): void {
    if (isTypeOnly(node) || this.#isOfPackage(node)) return
    if (isFunction(node)) this.#function(node, place)
    else this.#plain(node, place)
    this.#endStatement(node)
  }

  /** What a bundle has taken of a package is as little the app's own as it was in its folder. */
  #isOfPackage(node: Node): boolean {
    if (!isFunction(node) && !/(?:Declaration|Statement|^Property|Definition)$/.test(node.type)) return false
    const first = this.#input.packageAt(node.start)
    return first !== undefined && first === this.#input.packageAt(node.end - 1)
  }

  #plain(node: Node, place: Place): void {
    if (node.type === 'AssignmentExpression' || node.type === 'VariableDeclarator')
      for (const factory of factoriesIn(node)) this.#factories.add(factory)
    switch (node.type) {
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#class(node, place)
      case 'PropertyDefinition':
        return this.#field(node, place)
      case 'VariableDeclarator':
        return this.#declarator(node, place)
      case 'AssignmentExpression':
        return this.#assignment(node, place)
      case 'UpdateExpression':
        return this.#assigned(node, child(node, 'argument'), place, () => {
          this.#target(child(node, 'argument'), place)
        })
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.#loop(node, place)
      case 'UnaryExpression':
        if (node['operator'] === 'delete') return this.#target(child(node, 'argument'), place)
        return this.#inside(node, place)
      case 'CallExpression':
      case 'NewExpression':
        return this.#call(node, place)
      case 'ObjectExpression':
        return this.#object(node, place)
      case 'ExportDefaultDeclaration':
        return this.#defaultExport(node, place)
      case 'MemberExpression':
        return this.#member(node, place)
      case 'Identifier':
        return this.#reference(node, place, undefined)
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'MetaProperty':
      case 'BreakStatement':
      case 'ContinueStatement':
        return undefined
      case 'ExportNamedDeclaration':
        return this.#visitAll([child(node, 'declaration')], place)
      case 'LabeledStatement':
        return this.#visitAll([child(node, 'body')], place)
      case 'MethodDefinition':
        return this.#method(node, place)
      default:
        return this.#inside(node, place)
    }
  }

  #visitAll(nodes: readonly (Node | undefined)[], place: Place): void {
    for (const node of nodes) if (node !== undefined) this.#visit(node, place)
  }

  #inside(node: Node, place: Place): void {
    const init = node.type === 'ForStatement' ? child(node, 'init') : undefined
    if (init !== undefined) this.#settled.add(init)
    const scope = this.#scopes.of(node)
    this.#visitAll(children(node), scope === undefined ? place : { ...place, scope })
  }

  /** A statement that a line break ended, and that now ends in a parenthesis, could run into the next one. */
  #endStatement(node: Node): void {
    if (!endedByLineBreak.has(node.type) || !this.#edits.has(node.end)) return
    if (this.#settled.has(node) || this.#input.source[node.end - 1] === ';') return
    this.#edits.insert(node.end, ';')
  }

  #function(node: Node, place: Place): void {
    const scope = this.#scopes.of(node)
    const body = child(node, 'body')
    if (scope === undefined || body === undefined) return
    const fn: FunctionPlace = { node, reads: new Map() }
    const inner: Place = { scope, fn, owner: place.owner }
    for (const parameter of list(node, 'params')) this.#pattern(parameter, inner)
    if (body.type === 'BlockStatement') {
      this.#visitAll(list(body, 'body'), inner)
      this.#enter(fn, body)
      if (this.#factories.has(node)) this.#load(body)
      return
    }
    // What an expression reads is known only behind it; a site can be filled in then, as can the text before it.
    this.#visit(body, inner)
    if (fn.reads.size === 0) return
    const site = this.#site(this.#entry(fn), node)
    this.#edits.insert(body.start, `${globalName}.q(${site},`, 0)
    this.#edits.insert(body.end, ')')
  }

  #entry(fn: FunctionPlace): Omit<Site, 'l'> {
    return {
      t: 'e',
      n: text(child(fn.node, 'id'), 'name') ?? this.#names.get(fn.node) ?? '',
      r: [...fn.reads.values()],
    }
  }

  #enter(fn: FunctionPlace, body: Node): void {
    const isStamped = this.#stamped.has(fn.node)
    if (!isStamped && fn.reads.size === 0) return
    const call = `${globalName}.e(${this.#site(this.#entry(fn), fn.node)})`
    const statement = isStamped ? `;const ${stampOf(fn.node)}=${call};` : `;${call};`
    this.#edits.insert(this.#bodyStart(body, body.start + 1), statement, -1)
  }

  #load(body: Node): void {
    this.#edits.insert(this.#bodyStart(body, body.start + 1), `;${globalName}.l();`, -2)
    this.#edits.insert(body.end - 1, `;${globalName}.z();`, 2)
  }

  #class(node: Node, place: Place): void {
    const name = text(child(node, 'id'), 'name') ?? this.#names.get(node) ?? 'class'
    const fields = new Map<string, number>()
    for (const member of list(child(node, 'body'), 'body')) {
      const field = propertyName(member, 'key')
      if (member.type === 'PropertyDefinition' && field !== undefined)
        fields.set(field, this.#input.places.at(member.start))
    }
    const scope = this.#scopes.of(node) ?? place.scope
    this.#visitAll([...list(node, 'decorators'), child(node, 'superClass')], place)
    this.#visitAll(list(child(node, 'body'), 'body'), { scope, fn: place.fn, owner: { name, fields } })
  }

  #method(node: Node, place: Place): void {
    const value = child(node, 'value')
    if (node['kind'] === 'constructor' && value !== undefined) this.#constructors.add(value)
    this.#visitAll([node['computed'] === true ? child(node, 'key') : undefined, value], place)
  }

  #field(node: Node, place: Place): void {
    const value = child(node, 'value')
    if (node['computed'] === true) this.#visitAll([child(node, 'key')], place)
    if (value === undefined || node['declare'] === true) return
    const name = propertyName(node, 'key')
    // A function gets its name from the field, which it would lose in a call.
    const isNamed = isFunction(value) || value.type === 'ClassExpression'
    if (name === undefined || isNamed) {
      this.#visit(value, place)
      return
    }
    const full = `${place.owner?.name ?? 'class'}.${name}`
    this.#names.set(value, full)
    this.#settled.add(value)
    const k = packageCalled(value, place.scope, this.#input.packageAt)
    const site = this.#site({ t: 'f', n: full, p: name, ...(k === undefined ? {} : { k }) }, node)
    this.#wrap(value, `f(${site},this`, () => {
      this.#visit(value, place)
    })
  }

  #declarator(node: Node, place: Place): void {
    const id = child(node, 'id')
    const init = child(node, 'init')
    if (id !== undefined) this.#pattern(id, place)
    if (init === undefined) return
    const name = text(id, 'name')
    if (id?.type !== 'Identifier' || name === undefined || isTable(id, place.scope, this.#tables)) {
      this.#visit(init, place)
      return
    }
    this.#born(init, name, id, place)
  }

  /** `value` gets `name` where it may be something that can be changed later. */
  #born(value: Node, name: string, declaration: Node, place: Place): void {
    this.#names.set(value, name)
    const inner = bare(value)
    if (inner !== undefined) this.#names.set(inner, name)
    const made = inner?.type === 'AwaitExpression' ? bare(child(inner, 'argument')) : inner
    const k = packageCalled(made, place.scope, this.#input.packageAt)
    const isKept =
      isContainer(inner) || k !== undefined || (place.fn === undefined && made?.type === 'CallExpression')
    if (!isKept || requiredFrom(value) !== undefined || made === undefined) {
      this.#visit(value, place)
      return
    }
    this.#settled.add(made)
    const site = this.#site({ t: 'b', n: name, ...(k === undefined ? {} : { k }) }, declaration)
    this.#wrap(value, `b(${site}`, () => {
      this.#visit(value, place)
    })
  }

  #assignment(node: Node, place: Place): void {
    const left = child(node, 'left')
    const right = child(node, 'right')
    this.#assigned(node, left, place, () => {
      this.#target(left, place)
      const name = left === undefined ? '' : this.#shortName(left, place)
      if (isTable(bare(left && child(left, 'object')), place.scope, this.#tables))
        this.#visitAll([right], place)
      else if (right !== undefined && left !== undefined) this.#born(right, name, left, place)
    })
  }

  #shortName(left: Node, { owner }: Place): string {
    return shortName(left, owner, this.#input.source)
  }

  /** Wraps an assignment of variables that may outlive the call. */
  #assigned(node: Node, pattern: Node | undefined, place: Place, inside: () => void): void {
    const outer = patternNames(bare(pattern)).find((name) => this.#outlives(name, place))
    const name = text(outer, 'name')
    if (outer === undefined || name === undefined) {
      inside()
      return
    }
    const binding = resolve(place.scope, name)
    const d = binding === undefined ? {} : { d: this.#input.places.at(binding.start) }
    const owner = binding?.scope.owner
    const body = child(owner, 'body')
    // A default value of a parameter cannot see what the body begins with.
    const isStamped = owner !== undefined && body?.type === 'BlockStatement' && node.start > body.start
    if (isStamped) this.#stamped.add(owner)
    const call = `w(${this.#site({ t: 'w', n: name, ...d }, node)}`
    this.#wrap(node, call, inside, isStamped ? `,${stampOf(owner)}` : '')
  }

  #outlives(name: Node, place: Place): boolean {
    const binding = resolve(place.scope, text(name, 'name') ?? '')
    if (binding === undefined) return true
    return binding.scope.owner === undefined ? place.fn !== undefined : binding.scope.owner !== place.fn?.node
  }

  #loop(node: Node, place: Place): void {
    const scope = this.#scopes.of(node) ?? place.scope
    const inner = { ...place, scope }
    const left = child(node, 'left')
    // The loop's own variables cannot be wrapped; properties can.
    if (left !== undefined) {
      this.#settled.add(left)
      if (left.type === 'VariableDeclaration') this.#visit(left, inner)
      else this.#target(left, inner)
    }
    this.#visitAll([child(node, 'right'), child(node, 'body')], inner)
  }

  /** What is written to: the object of a property is reported; a pattern has several. */
  #target(node: Node | undefined, place: Place): void {
    if (node === undefined) return
    switch (node.type) {
      case 'MemberExpression':
        return this.#written(node, 'p', propertyName(node), place)
      case 'ChainExpression':
      case 'Identifier':
        return undefined
      case 'ObjectPattern':
      case 'ArrayPattern':
        return this.#pattern(node, place)
      default:
        for (const each of children(node)) if (!isTypeOnly(each)) this.#target(each, place)
    }
  }

  #pattern(node: Node, place: Place): void {
    switch (node.type) {
      case 'AssignmentPattern':
        this.#pattern(child(node, 'left') ?? node, place)
        return this.#visitAll([child(node, 'right')], place)
      case 'ObjectPattern':
        for (const property of list(node, 'properties')) {
          if (property['computed'] === true) this.#visitAll([child(property, 'key')], place)
          this.#pattern(
            child(property, property.type === 'RestElement' ? 'argument' : 'value') ?? property,
            place,
          )
        }
        return undefined
      case 'ArrayPattern':
        for (const element of list(node, 'elements')) this.#pattern(element, place)
        return undefined
      case 'RestElement':
        return this.#pattern(child(node, 'argument') ?? node, place)
      case 'TSParameterProperty':
        return this.#pattern(child(node, 'parameter') ?? node, place)
      case 'MemberExpression':
        return this.#target(node, place)
      default:
        return undefined
    }
  }

  /** `object.property`, of which the object is changed. */
  #written(member: Node, t: 'p' | 'c', name: string | undefined, place: Place): void {
    const object = child(member, 'object')
    if (object === undefined) return
    if (member['computed'] === true) this.#visitAll([child(member, 'property')], place)
    if (object.type === 'Super' || isOptional(object) || isTable(object, place.scope, this.#tables)) {
      this.#visit(object, place)
      return
    }
    const site = {
      t,
      ...holderName(object, t === 'p' ? name : undefined, place.owner, this.#input.source),
      ...(name === undefined ? {} : { p: name }),
      ...singletonIn(object, place.scope, this.#input.places),
      ...(object.type === 'ThisExpression' && this.#isConstructor(place) ? { i: true as const } : {}),
    }
    this.#wrap(object, `o(${this.#site(site, member)}`, () => {
      this.#visitReceiver(object, member, place)
    })
  }

  #isConstructor({ fn }: Place): boolean {
    return fn !== undefined && this.#constructors.has(fn.node)
  }

  /** Reading the object counts with its property, as `store.carts` does. */
  #visitReceiver(object: Node, member: Node, place: Place): void {
    if (object.type === 'Identifier') this.#reference(object, place, propertyName(member))
    else this.#visit(object, place)
  }

  #call(node: Node, place: Place): void {
    const k = this.#settled.has(node) ? undefined : packageCalled(node, place.scope, this.#input.packageAt)
    if (k === undefined) {
      this.#callParts(node, place)
      return
    }
    const site = this.#site(
      { t: 'b', n: this.#input.source.slice(node.start, node.end).split('(', 1)[0] ?? k, k },
      node,
    )
    this.#wrap(node, `b(${site}`, () => {
      this.#callParts(node, place)
    })
  }

  #callParts(node: Node, place: Place): void {
    const callee = child(node, 'callee')
    const args = list(node, 'arguments')
    this.#noteCounter(callee, place)
    if (callee?.type === 'MemberExpression' && node.type === 'CallExpression') {
      const method = propertyName(callee)
      if (method !== undefined && changing.has(method)) {
        this.#noteChain(callee, method, place)
        this.#written(callee, 'c', method, place)
      } else this.#visit(callee, place)
      if (isObjectChange(callee, method)) return this.#changedArgument(args, place)
    } else if (callee !== undefined && callee.type !== 'Super') this.#visit(callee, place)
    return this.#visitAll(args, place)
  }

  /** What a package counts is told where it is asked to. */
  #noteCounter(callee: Node | undefined, place: Place): void {
    const counter = counterIn(callee, place.scope)
    if (callee === undefined || counter === undefined || isOptional(callee)) return
    const { root, binding, from } = counter
    const n = this.#input.source.slice(callee.start, callee.end)
    const site = { t: 'c', n, p: 'uniqueId', k: from, d: this.#input.places.at(binding.start) } as const
    this.#edits.insert(root.start, `${globalName}.o(${this.#site(site, callee)},`)
    this.#edits.insert(root.end, ')', 0)
  }

  /** `db.get('posts').push(post).write()` changes what a package keeps in `db`, whatever the calls between give. */
  #noteChain(callee: Node, method: string, place: Place): void {
    const at = chainStart(callee)
    const binding = at === undefined ? undefined : resolve(place.scope, text(at, 'name') ?? '')
    if (at === undefined || binding === undefined || binding.scope.owner !== undefined) return
    if (
      this.#settled.has(at) ||
      packageCalled(bare(binding.init), place.scope, this.#input.packageAt) === undefined
    )
      return
    this.#settled.add(at)
    const site = this.#site({ t: 'c', n: binding.name, p: method }, callee)
    this.#edits.insert(at.start, `${globalName}.o(${site},`)
    this.#edits.insert(at.end, ')', 0)
  }

  /** Object.assign(target, …) and its like. */
  #changedArgument([target, ...rest]: readonly Node[], place: Place): void {
    if (target !== undefined && target.type !== 'SpreadElement' && target.type !== 'ObjectExpression') {
      const site = this.#site({ t: 'p', n: this.#shortName(target, place) }, target)
      this.#wrap(target, `o(${site}`, () => {
        this.#visit(target, place)
      })
    } else this.#visitAll([target], place)
    this.#visitAll(rest, place)
  }

  #object(node: Node, place: Place): void {
    const name = this.#names.get(node)
    for (const property of list(node, 'properties')) {
      const value = child(property, 'value')
      if (property.type !== 'Property' || value === undefined) {
        this.#visit(property, place)
        continue
      }
      if (property['computed'] === true) this.#visitAll([child(property, 'key')], place)
      const key = propertyName(property, 'key')
      const isBorn =
        name !== undefined && key !== undefined && property['kind'] === 'init' && isContainer(bare(value))
      if (isBorn && property['shorthand'] !== true) this.#born(value, `${name}.${key}`, property, place)
      else this.#visit(value, place)
    }
  }

  #defaultExport(node: Node, place: Place): void {
    const value = child(node, 'declaration')
    if (value !== undefined) this.#born(value, 'default export', node, place)
  }

  #member(node: Node, place: Place): void {
    const object = child(node, 'object')
    const name = propertyName(node)
    if (object?.type === 'ThisExpression') this.#fieldRead(node, name, place)
    if (object !== undefined && object.type !== 'Super') this.#visitReceiver(object, node, place)
    if (node['computed'] === true) this.#visitAll([child(node, 'property')], place)
  }

  #fieldRead(node: Node, name: string | undefined, { fn, owner }: Place): void {
    const d = name === undefined ? undefined : owner?.fields.get(name)
    if (fn === undefined || owner === undefined || d === undefined) return
    const n = `${owner.name}.${name ?? ''}`
    if (!fn.reads.has(n)) fn.reads.set(n, { n, d, l: this.#input.places.at(node.start) })
  }

  /** A name in an expression: the function around reads it, if it is of something that may change. */
  #reference(node: Node, { scope, fn }: Place, p: string | undefined): void {
    const name = text(node, 'name')
    const binding = name === undefined ? undefined : resolve(scope, name)
    if (name === undefined || binding === undefined || this.#tables.has(binding)) return
    const l = this.#input.places.at(node.start)
    if (binding.scope.owner === undefined) this.#noteUse(name, fn === undefined, l)
    if (fn === undefined || !mayChange(binding) || binding.scope.owner === fn.node) return
    if (binding.scope.owner === undefined) this.#read.add(name)
    const isOwn = binding.kind !== 'import' && binding.from === undefined
    const key = `${name}.${p ?? ''}`
    if (fn.reads.has(key)) return
    fn.reads.set(key, {
      n: name,
      l,
      ...(isOwn ? { d: this.#input.places.at(binding.start) } : {}),
      ...(p === undefined ? {} : { p }),
    })
  }

  /** Where the module itself uses what it made says more than where its functions do. */
  #noteUse(name: string, isModules: boolean, at: number): void {
    const known = this.#uses.get(name)
    if (known === undefined || (isModules && !known.isModules)) this.#uses.set(name, { isModules, at })
  }
}
