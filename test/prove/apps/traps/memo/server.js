// Caches of what never changes: a pure function, regular expressions, compiled templates.
import express from 'express'

const factorsOf = new Map()
function primeFactors(number) {
  if (!factorsOf.has(number)) {
    const factors = []
    for (let rest = number, divisor = 2; rest > 1; divisor++) {
      for (; rest % divisor === 0; rest /= divisor) factors.push(divisor)
    }
    factorsOf.set(number, factors)
  }
  return factorsOf.get(number)
}

const patterns = {}
const patternFor = (word) => (patterns[word] ??= new RegExp(`\\b${word.replace(/\W/g, '')}\\b`, 'i'))

let template
const render = (values) => {
  template ??= new Function('v', 'return `<h1>${v.title}</h1><p>${v.text}</p>`')
  return template(values)
}

const lines = ['The owl and the pussycat went to sea', 'In a beautiful pea green boat']
const app = express()
app.get('/factors/:number', (req, res) => res.json(primeFactors(Number(req.params.number))))
app.get('/lines', (req, res) => res.json(lines.filter((line) => patternFor(String(req.query.word)).test(line))))
app.get('/', (req, res) => res.send(render({ title: 'Poems', text: `${lines.length} lines` })))
app.listen(process.env.PORT)
