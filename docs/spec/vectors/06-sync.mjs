// Makes 06-sync.json: the vectors of docs/spec/06-sync.md.
// npm ci && node 06-sync.mjs
import { writeFileSync } from 'node:fs'
import { aead, be, cat, cbor, edPublic, edSign, fill, hex, hmac, sha256, text } from './primitives.mjs'

const label = (words) => text(`causeway/1 sync ${words}`)
const none = Buffer.alloc(0)
const frame = (type, body) => hex(cat(Buffer.of(type), body))

// Section 4: tags, boxes and salts. Peer ids are any bytes here.
const peers = [text('the dialer'), text('the listener has a longer peer id')]
const nonces = [fill(0x01), fill(0x02)]
const uvarint = (n) => (n < 0x80 ? Buffer.of(n) : cat(Buffer.of((n & 0x7f) | 0x80), uvarint(n >> 7)))
const ends = cat(...nonces, ...peers.flatMap((p) => [uvarint(p.length), p]))
const syn = fill(0x03)
const sids = [4, 3]
const seeds = [fill(0x04), fill(0x05)]
const opens = [0, 1].map((role) => {
  const sid = sids[role]
  const tag = hmac(syn, label('open'), Buffer.of(role), ends)
  const key = hmac(syn, label('box'), Buffer.of(role), be(sid, 8), ends)
  const sig = edSign(seeds[role], 'causeway/1 sync proof', tag)
  const plain = cbor([edPublic(seeds[role]), sig, fill(0x06, 16), 1048576, 16384])
  return {
    role, sid, seed: hex(seeds[role]), log: hex(edPublic(seeds[role])), tag: hex(tag), key: hex(key), plain: hex(plain),
    box: hex(aead(key, plain, tag)),
  }
})

// Section 5: rows and their digest.
const salt = hmac(syn, label('rows'), be(sids[0], 8), ends)
const salted = (kind, data, size) => sha256(salt, text(kind), data).subarray(0, size)
const tips = [[fill(0x10), fill(0x20), 0], [fill(0x11), fill(0x21), 70000], [fill(0x11), fill(0x22), 70000], [fill(0x11), fill(0x23), 5]]
const rows = tips
  .map(([log, head, seq]) => [salted('l', log, 8), salted('h', head, 8), seq])
  .sort(([l, h, s], [m, i, t]) => Buffer.compare(l, m) || s - t || Buffer.compare(h, i))
const digest = salted('d', cat(...rows.map(([l, h, s]) => cat(l, h, be(s, 8)))), 16)

// Sections 3 and 7: every frame, and entries in runs. A conversation of two
// logs; the entry with seq 1 of the second log has lost its body.
const link = (codec, digest) => cat(Buffer.of(0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01, codec, 0x12, 0x20), digest)
const array = (items) => cat(Buffer.of(0x80 | items.length), ...items)
const entry = (seed, seq, prev, parents, height, body, gone) => {
  parents = [...parents].sort(Buffer.compare)
  const fields = [
    cbor(1), cbor(edPublic(seed)), cbor(seq), prev ? link(0x71, prev) : cbor(null), array(parents.map((p) => link(0x71, p))),
    cbor(height), link(0x55, sha256(body)), cbor(body.length),
  ]
  const sig = edSign(seed, 'causeway/1 log entry', array(fields))
  const header = array([...fields, cbor(sig)])
  return { seed, seq, prev, parents, height, body, gone, sig, header, id: sha256(header) }
}
const [alice, bob] = [fill(0x31), fill(0x32)]
const outside = [fill(0x41), fill(0x42)]
const a5 = entry(alice, 5, fill(0x40), [outside[1], outside[0]], 12, text('alice 5'))
const b0 = entry(bob, 0, null, [a5.id], 13, text('bob 0'))
const a6 = entry(alice, 6, a5.id, [b0.id, outside[0]], 14, text('alice 6'))
const b1 = entry(bob, 1, b0.id, [a6.id, a5.id], 15, text('bob 1, whose body is gone'), true)
const fork = entry(alice, 6, a5.id, [], 13, text('another alice 6'))
const es = [a5, b0, a6, b1, fork]
const pack = (es) => {
  const runs = []
  const tail = new Map()
  const at = new Map()
  const items = es.map((e, i) => {
    let n = e.prev ? tail.get(hex(e.prev)) : undefined
    if (n === undefined) n = runs.push([edPublic(e.seed), e.seq, e.prev]) - 1
    if (e.prev) tail.delete(hex(e.prev))
    tail.set(hex(e.id), n)
    const back = e.parents.filter((p) => at.has(hex(p))).map((p) => at.get(hex(p))).sort((x, y) => x - y)
    const links = e.parents.filter((p) => !at.has(hex(p)))
    at.set(hex(e.id), i)
    return [n, back, links, e.height, e.sig, e.gone ? none : e.body, e.gone ? [sha256(e.body), e.body.length] : null]
  })
  return [runs, items]
}
const frames = {
  hello: frame(1, cbor([1, 0, 262144, 4194304, fill(0x01)])),
  open: frame(2, cbor([opens.map((o) => [o.sid, Buffer.from(o.tag, 'hex'), Buffer.from(o.box, 'hex')])])),
  state: frame(3, cbor([4, 8, rows])),
  equal: frame(3, cbor([4, 1, []])),
  heads: frame(4, cbor([4, 0, rows.slice(0, 1)])),
  want: frame(5, cbor([4, 1, rows.map(([l, h, s]) => [l, h, 0, s]), [[fill(0x50), 8]]])),
  entries: frame(6, cbor([4, 1, 16, ...pack(es)])),
  credit: frame(7, cbor([4, 70000])),
  nack: frame(8, cbor([4, 0, 3, 15])),
}

writeFileSync(new URL('06-sync.json', import.meta.url), JSON.stringify({
  peers: peers.map(hex), nonces: nonces.map(hex), ends: hex(ends), syn: hex(syn), opens,
  rows: {
    sid: sids[0], salt: hex(salt), tips: tips.map(([log, head, seq]) => ({ log: hex(log), head: hex(head), seq })),
    sorted: rows.map(([log, head, seq]) => ({ log: hex(log), head: hex(head), seq })), digest: hex(digest),
  },
  entries: es.map((e) => ({ header: hex(e.header), body: e.gone ? null : hex(e.body), id: hex(e.id) })),
  frames,
}, null, 1) + '\n')
