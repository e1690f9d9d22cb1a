// Responses that are nearly well-formed, of the same pieces as requests are.
import fc from 'fast-check'
import { blank, fields, framing, lineEnd, piece, scatter, strays } from './grammar.ts'

const version = piece(
  ['HTTP/1.1'],
  [
    'HTTP/1.0',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/0.9',
    'http/1.1',
    'HTTP/1',
    'ICY',
    '',
    ' HTTP/1.1',
    '\r\nHTTP/1.1',
  ],
)
// Never 502: that is the balancer's own word.
const status = piece(
  ['200', '404', '301'],
  [
    '204',
    '304',
    '100',
    '103',
    '101',
    '205',
    '99',
    '20',
    '2000',
    '+200',
    '0200',
    '2O0',
    '',
    '000',
    '999',
    '-20',
    '500',
  ],
)
const reason = piece(['OK', ''], ['Caf\xe9', 'O\0K', 'O\rK', 'O\nK', 'O\tK', '\x7f', 'HTTP/1.1 200 OK'])

const head = fc.tuple(version, blank, status, blank, reason, lineEnd).map((parts) => parts.join(''))
const information = fc.constantFrom(
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n',
  'HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n',
)
const informations = fc.oneof(
  { weight: 9, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: information },
)
/** What a reader must not take for a part of the response, or for another one. */
const excess = piece(
  ['', '', ''],
  ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil', 'x', '\r\n', '0\r\n\r\n'],
)

const response = fc
  .record({ informations, head, fields, framing, end: lineEnd, excess })
  .map((parts) =>
    [
      parts.informations,
      parts.head,
      parts.fields,
      parts.framing.lines,
      parts.end,
      parts.framing.body,
      parts.excess,
    ].join(''),
  )

/** All that an instance says before it ends the connection, in latin1. */
export const nearlyResponses: fc.Arbitrary<string> = fc
  .tuple(response, strays)
  .map(([text, list]) => scatter(text, list))
