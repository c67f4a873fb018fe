// Makes 09-conversations.json: the payloads of docs/spec/09-conversations.md, and what is refused.
// npm ci && node 09-conversations.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { be, cat, cbor, edPublic, edSign, fill, hex, sealBytes, sha256, text } from './primitives.mjs'

const none = Buffer.alloc(0)
const head = (major, n) => {
  const h = cbor(n)
  h[0] |= major << 5
  return h
}
// cbor of primitives.mjs knows no booleans and no integers over 2^53.
const enc = (v) => {
  if (v instanceof Raw) return v.bytes
  if (typeof v === 'boolean') return Buffer.of(v ? 0xf5 : 0xf4)
  if (typeof v === 'bigint') return v < 2n ** 53n ? cbor(Number(v)) : cat(Buffer.of(0x1b), be(v, 8))
  if (Array.isArray(v)) return cat(head(4, v.length), ...v.map(enc))
  return cbor(v)
}
class Raw { // bytes that are no canonical value
  constructor(s) { this.bytes = Buffer.from(s, 'hex') }
}
const raw = (s) => new Raw(s)

// Leaves and recovery signatures are those of 04-people.json.
const people = JSON.parse(readFileSync(new URL('04-people.json', import.meta.url))).people
const person = (i) => Object.fromEntries(['uid', 'log', 'leaf', 'recovery'].map((k) => [k, Buffer.from(people[i][k], 'hex')]))
const [alice, bob] = [person(0), person(1)]
const ascending = (list) => [...list].sort(Buffer.compare)

// Sections 1 and 7 of 01-log: two headers of one log with one seq, the lesser id first.
const cid = (codec, digest) => raw(hex(cat(Buffer.from('d82a58250001', 'hex'), Buffer.of(codec, 0x12, 0x20), digest)))
const header = (seed, body) => {
  const fields = [1, edPublic(seed), 3, cid(0x71, fill(0x61)), [], 4, cid(0x55, sha256(body)), body.length]
  return enc([...fields, edSign(seed, 'causeway/1 log entry', enc(fields))])
}
// Section 7 of 03-keys, without history.
const link = (secret, parent) => cbor([1, sealBytes(secret, 'causeway/1 link control', parent, fill(0x62, 64), fill(0x63, 16)), none])
// Section 1 of 07-mailbox: token, bytes, parcels, ttl, until.
const grant = (byte) => cbor([fill(byte), 67108864, 10000, 2592000, 0])

// The fields of a payload, named, in the order of section 2 or 3. A field that
// is a list of lists names those fields too.
const links = (...list) => list.map(([parent, wrap]) => ({ parent, wrap }))
const secrets = (epoch, rank, syn, rdv, mbx) => ({ epoch: fill(epoch), rank, syn: fill(syn), rdv: fill(rdv), mbx: fill(mbx) })
const keeper = (byte, grant, addrs, name) => ({ receipt: fill(byte), tag: fill(byte + 1), grant, addrs, name })
const epochs = [fill(0x64), fill(0x65)]
const fork = ['one', 'another'].map((s) => header(fill(0x66), text(s))).sort((x, y) => Buffer.compare(sha256(x), sha256(y)))
const cases = [
  ['found', 1, 'self', { version: 1, shape: 0, history: 0, name: '', founders: [alice.leaf], to: [alice.uid] }],
  ['found', 1, 'direct', { version: 1, shape: 1, history: 1, name: '', founders: [alice.leaf, bob.leaf], to: ascending([alice.uid, bob.uid]) }],
  ['found', 1, 'group', { version: 1, shape: 2, history: 0, name: 'Climbing ✿', founders: [alice.leaf], to: [] }],
  ['grant', 2, 'a member without the past', { leaf: bob.leaf, admin: false, history: 0 }],
  ['grant', 2, 'an admin with all of it', { leaf: alice.leaf, admin: true, history: 1 }],
  ['revoke', 3, 'with a reason', { target: bob.uid, reason: 'lost the phone — 🙁' }],
  ['revoke', 3, 'without', { target: fill(0xff), reason: '' }],
  ['demote', 4, 'without a reason', { target: bob.uid, reason: '' }],
  ['leave', 5, 'says nothing', {}],
  ['leaf', 6, 'a log added by root, two cut', { leaf: alice.leaf, cut: ascending([fill(0x71), fill(0x70)]), root: alice.recovery }],
  ['leaf', 6, 'one log cut, none added', { leaf: none, cut: [bob.log], root: none }],
  ['fault', 7, 'two headers of one log with one seq', { a: fork[0], b: fork[1] }],
  ['rekey', 8, 'two links', { to: ascending([alice.uid, bob.uid]), links: links(...epochs.map((e) => [e, link(fill(0x67), e)])) }],
  ['rekey', 8, 'no links, for nobody else', { to: [], links: [] }],
  ['rekey', 8, 'for 30 uids', { to: Array.from({ length: 30 }, (_, i) => fill(i)), links: links([epochs[0], none]) }],
  ['share', 9, 'for two', { epoch: epochs[1], to: ascending([bob.uid, alice.uid]) }],
  ['custodians', 10, 'box and deposit zero, a grant', { box: fill(0), deposit: fill(0), keepers: [keeper(0x72, grant(0x74), ['/dns4/box.example.org/tcp/443/tls/ws'], 'Bob ✿')] }],
  ['custodians', 10, 'no more custodians', { box: fill(0), deposit: fill(0), keepers: [] }],
  ['text', 32, 'hello', { text: 'hello, 世界', reply: none }],
  ['text', 32, 'a reply of 300 bytes', { text: 'ab\n'.repeat(100), reply: fill(0x75) }],
  ['ack', 33, 'says nothing', {}],
  ['welcome', 34, 'one epoch', { group: fill(0x76), name: 'Climbing ✿', log: bob.log, keys: [secrets(0x76, 1n, 0x77, 0x78, 0x79)] }],
  ['welcome', 34, 'two, of which one is newest', {
    group: fill(0x76), name: 'x', log: alice.log, keys: [secrets(0x64, 0n, 0x7a, 0x7b, 0), secrets(0x76, 2n ** 64n - 1n, 0x77, 0x78, 0x79)],
  }],
  ['offers', 35, 'two leaves', { leaves: [alice.leaf, bob.leaf] }],
  ['offers', 35, 'none', { leaves: [] }],
  ['mailbox', 36, 'two keepers', {
    box: fill(0x7c), deposit: fill(0x7d),
    keepers: [keeper(0x7e, none, ['/ip4/192.0.2.1/udp/4001/quic-v1', '/dns6/example.net/tcp/4001'], 'Alice'), keeper(0x80, none, [], '')],
  }],
  ['mailbox', 36, 'no keepers', { box: fill(0x7c), deposit: fill(0x7d), keepers: [] }],
  ['consent', 37, 'a grant', { grant: grant(0x82) }],
  ['consent', 37, 'a grant of 256 bytes', { grant: fill(0x83, 256) }],
  ['withdraw', 38, 'says nothing', {}],
  ['ask', 39, 'says nothing', {}],
]
const array = (v) => (Buffer.isBuffer(v) || typeof v !== 'object' ? v : Array.isArray(v) ? v.map(array) : Object.values(v).map(array))
// Numbers are shown in decimal, byte strings in hexadecimal.
const show = (v) => {
  if (Buffer.isBuffer(v)) return hex(v)
  if (typeof v === 'bigint') return String(v)
  if (Array.isArray(v)) return v.map(show)
  return v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x)])) : v
}
const walls = [0n, 23n, 24n, 1790000000000n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 64n - 1n]
const bodies = cases.map(([kind, number, name, fields], i) => {
  const payload = enc(array(fields))
  const wall = walls[i % walls.length]
  return { kind, number, name, wall: String(wall), fields: show(fields), payload: hex(payload), plain: hex(enc([number, wall, payload])) }
})

// Refused: what differs in one thing from a small payload that parses.
const three = ['aa', 'bb', 'cc'].map((s) => Buffer.from(s, 'hex'))
const zeros = fill(0)
const small = {
  found: [1, 2, 0, 'x', three, [zeros]], grant: [three[0], true, 1], revoke: [zeros, ''], demote: [zeros, ''], leave: [],
  leaf: [none, [zeros], none], fault: [three[0], three[1]], rekey: [[zeros], [[zeros, three[0]]]], share: [zeros, [zeros]],
  custodians: [zeros, zeros, []], text: ['x', none], ack: [], welcome: [zeros, 'x', zeros, [[zeros, 7, zeros, zeros, zeros]]], offers: [three],
  mailbox: [zeros, zeros, [[zeros, zeros, none, ['/x'], 'x']]], consent: [three[0]], withdraw: [], ask: [],
}
const refused = []
const refuse = (kind, name, payload) => refused.push({ kind, name, good: hex(enc(small[kind])), bad: hex(payload) })
for (const [kind, fields] of Object.entries(small)) {
  const good = enc(fields)
  refuse(kind, 'nothing at all', none)
  refuse(kind, 'a trailing byte', cat(good, Buffer.of(0)))
  refuse(kind, 'a field too many', enc([...fields, 0]))
  if (fields.length) refuse(kind, 'a field too few', enc(fields.slice(0, -1)))
  refuse(kind, 'a long head', cat(Buffer.of(0x98, fields.length), good.subarray(1)))
  refuse(kind, 'an array without length', cat(Buffer.of(0x9f), good.subarray(1), Buffer.of(0xff)))
  if (fields.length) refuse(kind, 'an array cut short', good.subarray(0, -1))
}
const altered = (kind, name, i, value) => refuse(kind, name, enc(small[kind].with(i, value)))
altered('found', 'a long version', 0, raw('1801'))
altered('found', 'a long history', 2, raw('190000'))
altered('found', 'a shape over a byte', 1, 256)
altered('found', 'a negative shape', 1, raw('20'))
altered('found', 'a name of bytes', 3, text('x'))
altered('found', 'null for no uids', 5, null)
altered('found', 'a uid of 31 bytes', 5, [fill(0, 31)])
altered('grant', 'a number for true', 1, 1)
altered('grant', 'a long history', 2, raw('1801'))
altered('grant', 'null for a leaf', 0, null)
altered('revoke', 'a uid of 33 bytes', 0, fill(0, 33))
altered('demote', 'a reason that is no UTF-8', 1, raw('61ff'))
altered('leaf', 'null for no logs', 1, null)
altered('leaf', 'a log of 31 bytes', 1, [fill(0, 31)])
altered('leaf', 'null for no signature', 2, null)
altered('fault', 'a header that is no byte string', 0, [1])
altered('rekey', 'a link of one field', 1, [[zeros]])
altered('rekey', 'a link of three', 1, [[zeros, none, none]])
altered('rekey', 'null for an epoch', 1, [[null, none]])
altered('share', 'null for an epoch', 0, null)
altered('share', 'a long head of uids', 1, raw('9800'))
altered('custodians', 'an empty deposit', 1, none)
altered('text', 'null for no reply', 1, null)
altered('text', 'a text of bytes', 0, text('x'))
altered('text', 'a long head of text', 0, raw('780178'))
altered('welcome', 'a long rank', 3, [[zeros, raw('1807'), zeros, zeros, zeros]])
altered('welcome', 'secrets without K_mbx', 3, [[zeros, 7, zeros, zeros]])
altered('offers', 'a leaf of text', 0, ['x'])
altered('mailbox', 'nine keepers', 2, Array(9).fill([zeros, zeros, none, [], '']))
altered('mailbox', '17 addresses', 2, [[zeros, zeros, none, Array(17).fill(''), '']])
altered('mailbox', 'an address of 257 bytes', 2, [[zeros, zeros, none, ['x'.repeat(257)], '']])
altered('mailbox', 'a name of 65 bytes', 2, [[zeros, zeros, none, [], 'x'.repeat(65)]])
altered('mailbox', 'a keeper of four fields', 2, [[zeros, zeros, none, []]])
altered('custodians', 'a grant of 257 bytes', 2, [[zeros, zeros, fill(0, 257), [], '']])
altered('consent', 'a grant of 257 bytes', 0, fill(0, 257))
altered('consent', 'a long head of the grant', 0, raw('5801aa'))

// Section 1: plain texts.
const plain = [32, 5, cbor(['x', none])]
const bad = (name, v) => ({ name, bad: hex(Buffer.isBuffer(v) ? v : enc(v)) })
const refusedPlain = [
  bad('nothing at all', none),
  bad('a trailing byte', cat(enc(plain), Buffer.of(0))),
  bad('two fields', plain.slice(0, 2)),
  bad('four fields', [...plain, 0]),
  bad('a long kind', plain.with(0, raw('190020'))),
  bad('kind 256', plain.with(0, 256)),
  bad('a long wall', plain.with(1, raw('1805'))),
  bad('a long wall of eight bytes', plain.with(1, raw('1b00000000ffffffff'))),
  bad('a wall below zero', plain.with(1, raw('20'))),
  bad('no wall', plain.with(1, null)),
  bad('a payload that is no byte string', plain.with(2, ['x', none])),
  bad('no payload', plain.with(2, null)),
]

writeFileSync(new URL('09-conversations.json', import.meta.url), JSON.stringify({
  bodies, refused, plain: hex(enc(plain)), refusedPlain,
}, null, 1) + '\n')
