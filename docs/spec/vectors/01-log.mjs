// Makes 01-log.json: headers, logs and archives of docs/spec/01-log.md, and what is refused.
// node 01-log.mjs
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import assert from 'node:assert'

const cat = (...parts) => Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p, 'hex') : p)))
const sha256 = (b) => createHash('sha256').update(b).digest()
const hex = (b) => b.toString('hex')

// Section 1 of 00-overview.
const head = (major, n) => {
  n = BigInt(n)
  const width = n < 24n ? 0 : n < 1n << 8n ? 1 : n < 1n << 16n ? 2 : n < 1n << 32n ? 4 : 8
  const info = width === 0 ? Number(n) : 24 + Math.log2(width)
  const rest = width === 0 ? '' : n.toString(16).padStart(2 * width, '0')
  return cat(Buffer.from([(major << 5) | info]), rest)
}
const uint = (n) => head(0, n)
const bytes = (b) => cat(head(2, b.length), b)
const array = (...items) => cat(head(4, items.length), ...items)
const nul = Buffer.from([0xf6])
const cid = (codec, digest) => cat(Buffer.from([1, codec, 0x12, 0x20]), digest)
const link = (codec, digest) => cat('d82a', bytes(cat('00', cid(codec, digest))))
const CBOR = 0x71
const RAW = 0x55
const base32 = (b) => {
  let bits = ''
  for (const x of b) bits += x.toString(2).padStart(8, '0')
  return bits.match(/.{1,5}/g).map((g) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(g.padEnd(5, '0'), 2)]).join('')
}
const cidText = (codec, digest) => 'b' + base32(cid(codec, digest))

// A writer's key comes from its letter.
const privateKey = (seed) => createPrivateKey({ key: cat('302e020100300506032b657004220420', seed), format: 'der', type: 'pkcs8' })
const publicKey = (key) => createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
const seedOf = (letter) => sha256(Buffer.from(letter))
const LABEL = Buffer.from('causeway/1 log entry')

// Sections 1 and 2 of 01-log.
const fields = (e) => [
  uint(1), bytes(e.log), uint(e.seq), e.prev ? link(CBOR, e.prev) : nul,
  array(...e.parents.map((p) => link(CBOR, p))), uint(e.height), link(RAW, sha256(e.body)), uint(e.body.length),
]
const make = ({ name, writer = name[0], seq = Number(name.match(/\d+/)[0]), prev = null, parents = [], height, body = Buffer.from(name), badSig = false }) => {
  const key = privateKey(seedOf(writer))
  const e = { name, writer, log: publicKey(key), seq, prev, height, body }
  e.parents = [...parents].sort(Buffer.compare)
  e.signed = cat(LABEL, array(...fields(e)))
  e.sig = sign(null, e.signed, key)
  if (badSig) e.sig[0] ^= 1
  e.header = array(...fields(e), bytes(e.sig))
  e.id = sha256(e.header)
  return e
}
const shown = (e) => ({
  name: e.name, seed: hex(seedOf(e.writer)), log: hex(e.log), seq: String(e.seq), prev: e.prev ? hex(e.prev) : '', parents: e.parents.map(hex),
  height: String(e.height), body: hex(e.body), bodyCID: cidText(RAW, sha256(e.body)), signed: hex(e.signed), signature: hex(e.sig),
  header: hex(e.header), id: hex(e.id), cid: cidText(CBOR, e.id),
})

const a0 = make({ name: 'a0', height: 1 })
const b0 = make({ name: 'b0', height: 2, parents: [a0.id] })
const headers = [
  a0, b0,
  make({ name: 'a1', prev: a0.id, height: 2 }),
  make({ name: 'a2', prev: a0.id, parents: [b0.id, sha256('00'), sha256('01')], seq: 24, height: 256 }),
  make({ name: 'c0', body: Buffer.alloc(0), height: 1 }),
  make({ name: 'd1', seq: 2n ** 53n, height: 2n ** 53n, prev: a0.id, body: Buffer.alloc(131072, 7), parents: Array.from({ length: 16 }, (_, i) => sha256(Buffer.from([i]))) }),
].map(shown)
headers[5].body = '' // 128 KiB of 07
headers[5].bodyByte = '07'

// What is not a header. Each differs from a good one in one thing.
const good = { log: a0.log, seq: 1, prev: a0.id, parents: [b0.id], height: 3, body: Buffer.from('x') }
const withFields = (change, sig = bytes(a0.sig)) => {
  const f = fields(good)
  change(f)
  return array(...f, ...(sig ? [sig] : []))
}
const zero = Buffer.alloc(32)
const two = [sha256('02'), sha256('03')].sort(Buffer.compare)
const refusedHeaders = [
  ['version 2', withFields((f) => { f[0] = uint(2) })],
  ['version 0', withFields((f) => { f[0] = uint(0) })],
  ['a short key', withFields((f) => { f[1] = bytes(a0.log.subarray(1)) })],
  ['a long key', withFields((f) => { f[1] = bytes(cat(a0.log, '00')) })],
  ['seq over 2^53', withFields((f) => { f[2] = uint(2n ** 53n + 1n) })],
  ['a negative seq', withFields((f) => { f[2] = Buffer.from('20', 'hex') })],
  ['seq 0 with a prev', withFields((f) => { f[2] = uint(0) })],
  ['seq 1 without a prev', withFields((f) => { f[3] = nul })],
  ['prev is zero', withFields((f) => { f[3] = link(CBOR, zero) })],
  ['prev is a link to a raw block', withFields((f) => { f[3] = link(RAW, a0.id) })],
  ['prev is a byte string', withFields((f) => { f[3] = bytes(a0.id) })],
  ['17 parents', withFields((f) => { f[4] = array(...Array.from({ length: 17 }, (_, i) => sha256(Buffer.from([i]))).sort(Buffer.compare).map((p) => link(CBOR, p))) })],
  ['parents out of order', withFields((f) => { f[4] = array(link(CBOR, two[1]), link(CBOR, two[0])) })],
  ['a parent twice', withFields((f) => { f[4] = array(link(CBOR, two[0]), link(CBOR, two[0])) })],
  ['a parent is zero', withFields((f) => { f[4] = array(link(CBOR, zero)) })],
  ['prev among the parents', withFields((f) => { f[4] = array(link(CBOR, a0.id)) })],
  ['null for no parents', withFields((f) => { f[4] = nul })],
  ['height over 2^53', withFields((f) => { f[5] = uint(2n ** 53n + 1n) })],
  ['body is a link to a dag-cbor block', withFields((f) => { f[6] = link(CBOR, zero) })],
  ['a body of 128 KiB and a byte', withFields((f) => { f[7] = uint(131073) })],
  ['a long integer', withFields((f) => { f[7] = Buffer.from('1801', 'hex') })],
  ['a signature of 63 bytes', withFields(() => {}, bytes(a0.sig.subarray(1)))],
  ['no signature', withFields(() => {}, null)],
  ['ten fields', withFields((f) => { f.push(uint(0)) })],
  ['a byte after the end', cat(withFields(() => {}), '00')],
  ['nothing', Buffer.alloc(0)],
].map(([name, b]) => ({ name, header: hex(b) }))

// Logs. A line: name, what is in its past (prev if it is of the same log and the seq before, else a parent), flaws.
const logs = (text) => {
  const made = new Map()
  for (const line of text.trim().split('\n')) {
    const [name, past = '', ...flaws] = line.trim().split(/\s+/).map((x) => (x === '-' ? '' : x))
    const deps = past.split(',').filter(Boolean).map((n) => made.get(n))
    const seq = flaws.includes('jump') ? 7 : Number(name.match(/\d+/)[0])
    const prev = flaws.includes('theft') ? deps[0] : deps.find((d) => d.writer === name[0] && d.seq === Number(name.match(/\d+/)[0]) - 1)
    made.set(name, make({
      name, seq, prev: prev?.id ?? null, parents: deps.filter((d) => d !== prev).map((d) => d.id), badSig: flaws.includes('sig'),
      height: 1 + Math.max(0, ...deps.map((d) => d.height)) + (flaws.includes('high') ? 1 : 0) - (flaws.includes('low') ? 1 : 0),
    }))
    made.get(name).lost = flaws.includes('lost')
  }
  return [...made.values()]
}

// Section 3, in the plainest way: what becomes of each entry when all that are not lost have come.
const judge = (all) => {
  const given = all.filter((e) => !e.lost)
  const find = (id) => given.find((e) => id && e.id.equals(id))
  const follows = (e, prev) => prev && prev.log.equals(e.log) && prev.seq + 1 === e.seq
  const covered = new Set(given.filter((e) => verify(null, e.signed, createPublicKey(privateKey(seedOf(e.writer))), e.sig)))
  for (let more = true; more;) {
    more = false
    for (const e of covered) {
      const prev = find(e.prev)
      if (follows(e, prev) && !covered.has(prev)) more = covered.add(prev) && true
    }
  }
  const state = new Map()
  const fate = (e) => {
    if (!covered.has(e)) return 'pending'
    const deps = [...(e.prev ? [e.prev] : []), ...e.parents].map(find)
    if (deps.some((d) => !d || ['pending', 'waiting'].includes(state.get(d)))) return 'waiting'
    if (deps.some((d) => state.get(d) === 'refused')) return 'refused'
    const high = 1 + Math.max(0, ...deps.map((d) => d.height))
    return e.height === high && (!e.prev || follows(e, find(e.prev))) ? 'delivered' : 'refused'
  }
  for (const e of given) state.set(e, fate(e))
  const past = (e) => new Set([...(e.prev ? [e.prev] : []), ...e.parents].map(find).flatMap((d) => [d.name, ...past(d)]))
  const delivered = given.filter((e) => state.get(e) === 'delivered')
  const inner = new Set(delivered.flatMap((e) => [...past(e)]))
  return {
    states: Object.fromEntries(given.map((e) => [e.name, state.get(e)])),
    past: Object.fromEntries(delivered.map((e) => [e.name, [...past(e)].sort()])),
    heads: delivered.filter((e) => !inner.has(e.name)).map((e) => e.name).sort(),
    tips: delivered.filter((e) => !delivered.some((d) => d.prev?.equals(e.id))).map((e) => e.name).sort(),
  }
}

const scenario = (name, text, expect, proof = []) => {
  const all = logs(text)
  const found = judge(all)
  const by = {}
  for (const [n, s] of Object.entries(found.states)) (by[s] ??= []).push(n)
  assert.deepEqual(by, expect, name)
  return {
    name, entries: all.filter((e) => !e.lost).map((e) => ({ name: e.name, id: hex(e.id), header: hex(e.header), body: hex(e.body) })),
    ...found, wanted: all.filter((e) => e.lost).map((e) => hex(e.id)),
    proof: proof.map((n) => hex(all.find((e) => e.name === n).header)).sort((x, y) => Buffer.compare(sha256(cat(x)), sha256(cat(y)))),
  }
}
const scenarios = [
  scenario('three people talk', `
    a0
    b0 a0
    b1 b0
    a1 a0
    c0 a1,b1
    c1 c0
    b2 b1,c0`, { delivered: ['a0', 'b0', 'b1', 'a1', 'c0', 'c1', 'b2'] }),
  scenario('a log forks', `
    a0
    a1 a0
    a2 a1
    a3 a2
    a2x a1
    b0 a0
    b1 b0,a3
    c0 a2x,b0`, { delivered: ['a0', 'a1', 'a2', 'a3', 'a2x', 'b0', 'b1', 'c0'] }, ['a2', 'a2x']),
  scenario('a log forks at its first entry', `
    a0
    b0 a0
    b0x -
    b1 b0`, { delivered: ['a0', 'b0', 'b0x', 'b1'] }, ['b0', 'b0x']),
  scenario('a fork that two equal seqs do not prove', `
    a0
    a1 a0
    a1x a0 sig
    a2x a1x`, { delivered: ['a0', 'a1', 'a1x', 'a2x'] }),
  scenario('the last signature covers the run', `
    a0 - sig
    a1 a0 sig
    a2 a1
    a3 a2 sig`, { delivered: ['a0', 'a1', 'a2'], pending: ['a3'] }),
  scenario('a signature covers only its own log', `
    a0
    b0 a0 sig
    a1 a0,b0`, { delivered: ['a0'], pending: ['b0'], waiting: ['a1'] }),
  scenario('a missing parent', `
    a0
    x0 - lost
    a1 a0,x0
    a2 a1
    b0 a0`, { delivered: ['a0', 'b0'], waiting: ['a1', 'a2'] }),
  scenario('wrong heights', `
    a0
    a1 a0 high
    a2 a1
    b0 a0 low
    c0 a0
    c1 c0,a2`, { delivered: ['a0', 'c0'], refused: ['a1', 'a2', 'b0', 'c1'] }),
  scenario('wrong places', `
    a0
    b0 a0
    b1 b0 jump
    c1 a0 theft
    a1 a0,b1`, { delivered: ['a0', 'b0'], refused: ['b1', 'c1', 'a1'] }),
]

// Section 9.
const section = (b) => {
  const out = []
  let n = b.length
  for (; n > 127; n >>= 7) out.push((n & 127) | 128)
  return cat(Buffer.from([...out, n]), b)
}
const text = (s) => cat(head(3, s.length), Buffer.from(s))
const archive = (entries) => cat(
  section(cat(head(5, 2), text('roots'), array(cat('d82a', bytes(cat('00', '01550000')))), text('version'), uint(1))),
  ...entries.flatMap((e) => [section(cat(cid(CBOR, e.id), e.header)), section(cat(cid(RAW, sha256(e.body)), e.body))]),
)
const talk = scenarios[0].entries
const car = hex(archive(talk.map((e) => ({ id: cat(e.id), header: cat(e.header), body: cat(e.body) }))))

const out = new URL('01-log.json', import.meta.url)
writeFileSync(out, JSON.stringify({ headers, refusedHeaders, scenarios, car }, null, 1) + '\n')
