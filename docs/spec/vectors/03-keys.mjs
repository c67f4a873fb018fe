// Makes 03-keys.json: the vectors of docs/spec/03-keys.md.
// npm ci && node 03-keys.mjs
import { writeFileSync } from 'node:fs'
import { aead, be, cat, cbor, expand, extract, fill, hex, hpke, kemPublic, keyed, padTo, sealBytes, sealTo, sha256, text } from './primitives.mjs'

// Section 2: the secrets of an epoch.
const secrets = { ctl: 'control', msg: 'messages', lnk: 'link', rdv: 'rendezvous', mbx: 'mailbox', syn: 'sync', chains: 'chains' }
const derive = (group, K) => {
  const prk = extract(group, K)
  return Object.fromEntries(Object.entries(secrets).map(([name, word]) => [name, expand(prk, `causeway/1 epoch ${word}`)]))
}
const hexes = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, hex(v)]))
const none = Buffer.alloc(0)

// Section 4: the keys of one log's messages.
const chain = (chains, log, n) => {
  let ck = expand(chains, 'causeway/1 chain start', log)
  const keys = []
  for (let i = 0; i < n; i++) {
    keys.push(hex(expand(ck, 'causeway/1 chain key')))
    ck = expand(ck, 'causeway/1 chain step')
  }
  return keys
}
const epochs = [
  { group: none, K: fill(1), H: fill(2) },
  { group: fill(3), K: fill(4), H: fill(5) },
  { group: sha256(text('group')), K: sha256(text('K')), H: fill(0) },
].map(({ group, K, H }) => {
  const e = derive(group, K)
  return { group: hex(group), K: hex(K), H: hex(H), content: hex(cbor([1, K, H])), ...hexes(e), log: hex(fill(9)), chain: chain(e.chains, fill(9), 5) }
})

// Section 3: bodies.
const padded = (n) => {
  if (n + 1 <= 256) return 256
  const e = Math.floor(Math.log2(n + 1))
  const unit = 2 ** (e - (Math.floor(Math.log2(e)) + 1))
  return Math.ceil((n + 1) / unit) * unit
}
const uvarint = (n) => (n < 128 ? Buffer.of(n) : cat(Buffer.of((n & 127) | 128), uvarint(n >> 7)))
const body = (secret, salt, { log, seq, prev }, slots, plain) => {
  const entryKey = expand(secret, 'causeway/1 seal entry', salt)
  const { key, commit } = keyed(entryKey)
  const ad = cbor([1, log, seq, prev, slots])
  return { entryKey, body: cat(salt, commit, uvarint(slots.length), slots, aead(key, padTo(plain, padded(plain.length)), ad)) }
}
const bodies = [
  { plain: none, slots: none, seq: 0, prev: null },
  { plain: text('hello'), slots: none, seq: 1, prev: fill(7) },
  { plain: fill(0x80, 255), slots: fill(1, 127), seq: 23, prev: fill(8) },
  { plain: fill(0, 256), slots: fill(2, 128), seq: 24, prev: fill(8) },
  { plain: fill(0xff, 1000), slots: fill(3, 5000), seq: 2 ** 32, prev: fill(8) },
  { plain: fill(5, 4096), slots: none, seq: 2 ** 53, prev: fill(8) },
].map(({ plain, slots, seq, prev }, i) => {
  const secret = fill(0x40 + i)
  const salt = fill(0x50 + i, 16)
  const log = fill(0x60 + i)
  const made = body(secret, salt, { log, seq, prev }, slots, plain)
  return { secret: hex(secret), salt: hex(salt), log: hex(log), seq, prev: prev ? hex(prev) : null, slots: hex(slots), plain: hex(plain), entry_key: hex(made.entryKey), body: hex(made.body) }
})

// Section 5: KEM keys. Section 6: slots.
const kemSeed = (secret, gen) => expand(secret, 'causeway/1 user kem', be(gen, 8))
const kems = [0, 1, 300].map((gen) => {
  const seed = kemSeed(fill(6), gen)
  return { secret: hex(fill(6)), gen, seed: hex(seed), public: hex(kemPublic(seed)) }
})
const makeSlots = ({ group, log, seq, salt }, readers) => {
  const info = cat(text('causeway/1 slot'), Buffer.of(0), group, log, be(seq, 8), salt)
  const slots = readers.map(({ seed, content }, i) => {
    const pub = kemPublic(seed)
    const h = hpke(pub, info, fill(0xc0 + i, 64))
    return [sha256(text('causeway/1 slot tag'), Buffer.of(0), salt, pub).subarray(0, 8), cat(h.enc, h.seal(content))]
  })
  return cbor([0, slots.sort((a, b) => Buffer.compare(a[0], b[0]))])
}
const slots = [1, 3].map((n) => {
  const at = { group: n === 1 ? fill(0) : fill(0x11), log: fill(0x12), seq: n * 1000, salt: fill(0x13, 16) }
  const readers = Array.from({ length: n }, (_, i) => ({ seed: kemSeed(fill(0x20 + i), i), content: cbor([1, fill(0x30), i === 1 ? fill(0) : fill(0x31)]) }))
  return { group: hex(at.group), log: hex(at.log), seq: at.seq, salt: hex(at.salt), slots: hex(makeSlots(at, readers)), readers: readers.map(hexes) }
})

// Section 7: links.
const link = (child, H, parentID, parent, pk, history) =>
  cbor([
    1,
    sealBytes(child.lnk, 'causeway/1 link control', parentID, cat(parent.ctl, parent.lnk), fill(0x70, 16)),
    history ? sealBytes(H, 'causeway/1 link history', parentID, cat(pk.K, pk.H), fill(0x71, 16)) : none,
  ])
const links = [true, false].map((history) => {
  const child = { K: fill(0x72), H: fill(0x73) }
  const parent = { K: fill(0x74), H: fill(0x75) }
  const id = fill(0x76)
  const group = fill(0x77)
  const made = link(derive(group, child.K), child.H, id, derive(none, parent.K), parent, history)
  return { history, group: hex(group), child_K: hex(child.K), child_H: hex(child.H), parent_group: hex(none), parent_K: hex(parent.K), parent_H: hex(parent.H), parent_id: hex(id), link: hex(made) }
})

// Section 8: boxes.
const boxes = [none, text('parcel'), fill(9, 1000)].map((plain, i) => {
  const secret = fill(0x80 + i)
  const salt = fill(0x90 + i, 16)
  const ad = i === 0 ? none : text('bound')
  return { secret: hex(secret), salt: hex(salt), purpose: 'causeway/1 vector', ad: hex(ad), plain: hex(plain), box: hex(sealBytes(secret, 'causeway/1 vector', ad, plain, salt)) }
})
const boxesTo = [none, text('parcel')].map((plain, i) => {
  const seed = fill(0xa0 + i)
  return { seed: hex(seed), purpose: 'causeway/1 vector', plain: hex(plain), box: hex(sealTo(kemPublic(seed), 'causeway/1 vector', plain, fill(0xb0 + i, 64))) }
})

writeFileSync(new URL('03-keys.json', import.meta.url), JSON.stringify({ epochs, bodies, kems, slots, links, boxes, boxes_to: boxesTo }, null, 1) + '\n')
