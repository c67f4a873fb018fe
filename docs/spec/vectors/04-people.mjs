// Makes 04-people.json: the vectors of docs/spec/04-people.md.
// npm ci && node 04-people.mjs
import { writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { entropyToMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { be, cat, cbor, edPublic, edSign, expand, extract, fill, hex, hmac, kemPublic, padTo, sealBytes, sealTo, sha256, text } from './primitives.mjs'

const none = Buffer.alloc(0)

// Section 1: UIDs and cards.
const digits32 = 'abcdefghijklmnopqrstuvwxyz234567'
const base32 = (b) => {
  let bits = [...b].map((x) => x.toString(2).padStart(8, '0')).join('')
  bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, '0')
  return bits.match(/.{5}/g).map((five) => digits32[parseInt(five, 2)]).join('')
}
const uidText = (uid) => {
  const s = base32(uid)
  let n = 0n
  for (const c of s) n = n * 32n + BigInt(digits32.indexOf(c))
  for (let r = 0n; r < 1021n; r++) {
    if ((n * 1024n + r) % 1021n === 1n) return s + digits32[Number(r >> 5n)] + digits32[Number(r & 31n)]
  }
}
const makeCard = (rootSeed) => [1, edPublic(rootSeed), expand(rootSeed, 'causeway/1 card salt', none, 16)]

// Section 2: safety numbers.
const safetyID = (uid) => {
  let h = createHash('sha512').update(cat(text('causeway/1 safety number'), uid)).digest()
  for (let i = 1; i < 5200; i++) h = createHash('sha512').update(cat(h, uid)).digest()
  let s = ''
  for (let i = 0; i < 30; i += 5) s += String(h.readUIntBE(i, 5) % 100000).padStart(5, '0')
  return s
}

// Sections 3 and 4: devices and leaves.
const person = (n, devices, name, gen) => {
  const root = fill(n)
  const card = makeCard(root)
  const uid = sha256(cbor(card))
  const seeds = Array.from({ length: devices }, (_, i) => fill(n + 16 + i))
  const chain = seeds.map((seed, i) => {
    const issuer = i === 0 ? root : seeds[i - 1]
    const signed = cbor([uid, edPublic(issuer), edPublic(seed)])
    return [edPublic(issuer), edPublic(seed), edSign(issuer, 'causeway/1 device certificate', signed)]
  })
  const device = seeds.at(-1)
  const log = expand(device, 'causeway/1 vector log', text('context'))
  const kem = expand(root, 'causeway/1 user kem', be(gen, 8))
  const possession = edSign(log, 'causeway/1 possession of log', cbor([uid, edPublic(device)]))
  const signed = [1, card, chain, edPublic(log), gen, kemPublic(kem), name, possession]
  const leaf = cbor([signed, edSign(device, 'causeway/1 leaf', cbor(signed))])
  const recovery = edSign(root, 'causeway/1 leaf recovery', cbor([sha256(leaf)]))
  return { root, card, uid, device, log, kem, gen, name, leaf, recovery }
}
const people = [person(1, 1, 'Alice', 0), person(2, 3, 'Bob ✿', 7), person(3, 16, '', 2 ** 53)]

// Section 5: invites.
const digits58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const base58 = (b, width) => {
  let n = BigInt('0x' + hex(b))
  let s = ''
  for (let i = 0; i < width; i++) {
    s = digits58[Number(n % 58n)] + s
    n /= 58n
  }
  return s
}
const invite = (uid, secret, expires, hints) => {
  const b = cat(Buffer.of(1), uid, secret, be(expires, 4))
  const tail = hints.join(',')
  const check = sha256(text('causeway/1 invite check'), Buffer.of(0), b, text(tail)).subarray(0, 4)
  const prk = extract(uid, secret)
  const of = (what) => expand(prk, `causeway/1 invite ${what}`)
  return {
    uid, secret, expires, hints, link: 'causeway:' + base58(cat(b, check), 78) + tail,
    id: of('id').subarray(0, 5), rendezvous: of('rendezvous'), offerKey: of('offer key'), macKey: of('mac key'), token: of('deposit token'), tokenHash: sha256(of('deposit token')),
  }
}
const [alice, bob] = people
const invites = [
  invite(alice.uid, fill(0x21, 16), 1790000000, []),
  invite(bob.uid, fill(0x22, 16), 0, ['/ip4/192.0.2.1/udp/4001/quic-v1', '/dns4/example.org/tcp/443/tls/ws']),
  invite(fill(0), fill(0, 16), 2 ** 32 - 1, []),
  invite(fill(0xff), fill(0xff, 16), 1, ['/x']),
]

// Section 6: offers.
const offer = (inv, by, custodians, deposit, hints, salt) => {
  const claim = [1, by.leaf, custodians, deposit, hints]
  const plain = cbor([claim, edSign(by.log, 'causeway/1 signature of offer', cbor([inv.id, claim]))])
  const size = plain.length < 4096 - 64 ? 4096 : 16384
  return sealBytes(inv.offerKey, 'causeway/1 offer', inv.uid, padTo(plain, size - 64), salt)
}
const offers = [
  { custodians: text('custodians'), deposit: text('deposit'), hints: ['/ip4/192.0.2.1/tcp/1'] },
  { custodians: fill(1, 5000), deposit: none, hints: [] },
].map((o) => ({ ...o, box: offer(invites[0], alice, o.custodians, o.deposit, o.hints, fill(0x31, 16)) }))

// Section 7: requests.
const request = (to, inv, by, header, body, custodians, deposit, random) => {
  const claim = [1, inv ? inv.id : fill(0, 5), by.leaf, header, body, custodians, deposit]
  const mac = inv ? hmac(inv.macKey, text('causeway/1 mac of request'), cbor([to.uid, claim])) : fill(0)
  const sig = edSign(by.log, 'causeway/1 signature of request', cbor([[to.uid, claim], mac]))
  return sealTo(kemPublic(to.kem), 'causeway/1 request', padTo(cbor([claim, mac, sig]), 16384 - 1168), random)
}
const requests = [invites[0], null].map((inv, i) => {
  const parts = { header: text('header'), body: fill(0x41 + i, 3000), custodians: text('custodians'), deposit: text('deposit') }
  return { invited: inv !== null, ...parts, conversation: sha256(parts.header), parcel: request(alice, inv, bob, parts.header, parts.body, parts.custodians, parts.deposit, fill(0x51 + i, 64)) }
})

const show = (v) => (Buffer.isBuffer(v) ? hex(v) : Array.isArray(v) ? v.map(show) : v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, show(x)])) : v)
const out = {
  people: people.map((p) => show({
    root: p.root, words: entropyToMnemonic(new Uint8Array(p.root), wordlist), card: cbor(p.card), uid: p.uid, uidText: uidText(p.uid), safetyID: safetyID(p.uid),
    device: p.device, log: p.log, kem: p.kem, gen: p.gen, name: p.name, leaf: p.leaf, recovery: p.recovery,
  })),
  safetyNumber: [safetyID(alice.uid), safetyID(bob.uid)].sort().join(''),
  names: {
    clean: ['', 'Alice', "Ann-Marie O'Neil", '李明', 'علی\u200cرضا', '👩\u200d💻 Eve', 'n'.repeat(64)],
    unclean: [' Alice', 'Alice ', 'a\u0000b', 'a\nb', '\u001b[31m', 'a\u202eb', 'a\u2066b', 'a\u200bb', 'a\u00a0b', 'a\u00adb', 'a\u200db', '👩\u200d', '\ufeffa', '\ufffd', 'n'.repeat(65), 'é'.repeat(33)],
  },
  invites: show(invites),
  badLinks: [invites[0].link.slice(0, -1), invites[0].link + '1', invites[1].link.slice(0, -1), invites[0].link.replace('causeway:', 'mailto:'), invites[0].link.slice(0, -1) + (invites[0].link.endsWith('2') ? '3' : '2'), 'causeway:' + 'z'.repeat(78), ''],
  offers: show(offers),
  requests: show(requests),
}
writeFileSync(new URL('04-people.json', import.meta.url), JSON.stringify(out, null, 1) + '\n')
