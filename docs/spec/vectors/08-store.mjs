// Makes 08-store.json: the vectors of docs/spec/08-store.md.
// npm ci && node 08-store.mjs
import { writeFileSync } from 'node:fs'
import { createCipheriv } from 'node:crypto'
import { argon2id } from '@noble/hashes/argon2.js'
import { be, cat, extract, fill, hex, hkdfExpand, sha256, text } from './primitives.mjs'

const hkdf = (secret, salt, info, size = 32) => hkdfExpand(extract(salt, secret), info, size)

const aes256gcm = (key, nonce, plain, ad = Buffer.alloc(0)) => {
  const c = createCipheriv('aes-256-gcm', key, nonce)
  c.setAAD(ad)
  return cat(c.update(plain), c.final(), c.getAuthTag())
}
const piece = (i, last = 0) => cat(fill(0, 3), be(i, 8), Buffer.of(last))

// The library that stands in for Argon2id here must give what RFC 9106,
// section 5.3, gives.
const rfc9106 = hex(argon2id(fill(1, 32), fill(2, 16), {
  t: 3, m: 32, p: 4, dkLen: 32, key: fill(3, 8), personalization: fill(4, 12),
}))
if (rfc9106 !== '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659') throw new Error('RFC 9106')

const kdf = [
  { passphrase: 'correct horse', salt: fill(7, 16), time: 3, memory: 65536, lanes: 4 },
  { passphrase: 'Grüße, 世界', salt: fill(8, 16), time: 2, memory: 256, lanes: 1 },
].map((v) => ({
  ...v,
  salt: hex(v.salt),
  kek: hex(argon2id(text(v.passphrase), v.salt, { t: v.time, m: v.memory, p: v.lanes, dkLen: 32 })),
}))

// Section 2: the keys file.
const root = sha256(text('store key'))
const incarnation = fill(0xee, 16)
const fileKey = fill(0x5c)

const slot = (kind, time, memory, lanes, salt, kek) => {
  const head = cat(Buffer.of(kind), be(time, 4), be(memory, 4), Buffer.of(lanes), salt)
  return cat(head, aes256gcm(kek, piece(0), root, cat(text('causeway/1 store slot'), fill(0, 1), head)))
}
const slots = [
  slot(1, 2, 256, 1, fill(8, 16), Buffer.from(kdf[1].kek, 'hex')),
  slot(2, 0, 0, 0, fill(9, 16), hkdf(fileKey, fill(9, 16), 'causeway/1 store key file')),
]
const metaSalt = fill(10, 16)
const meta = cat(metaSalt, aes256gcm(hkdf(root, metaSalt, 'causeway/1 store meta'), piece(0), cat(be(2, 4), incarnation)))
const body = cat(text('CWYKEYS'), Buffer.of(1, slots.length), ...slots, meta)
const keys = cat(body, sha256(body))

// Section 3: headers; 4: pages; 5: streams.
const header = (mode, salt, name) => {
  const okm = hkdf(root, salt, cat(text('causeway/1 store file'), Buffer.of(0, mode), text(name)), 64)
  return {
    key: okm.subarray(0, 32),
    mark: cat(fill(0, 2), okm.subarray(48)),
    bytes: cat(text('CSWY'), Buffer.of(1, mode), fill(0, 10), salt, okm.subarray(32, 48)),
  }
}
const pages = (salt, name, contents) => {
  const h = header(1, salt, name)
  const out = [h.bytes]
  const n = Math.max(1, Math.ceil(contents.length / 4096))
  for (let i = 0; i < n; i++) {
    out.push(aes256gcm(h.key, piece(i, i === n - 1 ? 1 : 0), contents.subarray(i * 4096, (i + 1) * 4096)))
  }
  return cat(...out)
}
const stream = (salt, name, parts) => {
  const h = header(2, salt, name)
  const out = [h.bytes]
  let i = 0
  for (const p of parts) {
    out.push(p === null ? h.mark : cat(be(p.length, 2), aes256gcm(h.key, piece(i++), p)))
  }
  return cat(...out)
}
const counted = (n) => Buffer.from(Array.from({ length: n }, (_, i) => (i * 7 + (i >> 8)) & 0xff))
const paged = [
  ['000005.sst', 0], ['000006.sst', 1], ['000007.sst', 4096], ['000008.sst', 9000], ['OPTIONS-000009', 100],
].map(([name, size], i) => {
  const bound = name.startsWith('OPTIONS-') ? 'OPTIONS' : name
  return { name, contents: hex(counted(size)), file: hex(pages(fill(0x40 + i), bound, counted(size))) }
})
const one = stream(fill(0x61), '000010.log', [counted(10), null, counted(300), counted(5), null])
const streams = [
  { name: '000010.log', why: 'whole', contents: hex(cat(counted(10), counted(300), counted(5))), file: hex(one) },
  { name: 'MANIFEST-000011', why: 'empty', contents: '', file: hex(stream(fill(0x62), 'MANIFEST-000011', [])) },
  { name: '000010.log', why: 'torn after the last mark', contents: hex(counted(10)),
    file: hex(stream(fill(0x63), '000010.log', [counted(10), null, counted(300)]).subarray(0, -1)) },
  { name: '000010.log', why: 'cut inside the header', contents: '', file: hex(one.subarray(0, 63)) },
  { name: '000010.log', why: 'damaged before a mark', damaged: true, file: hex(one.map((b, i) => (i === 64 + 2 + 10 + 16 + 18 + 40 ? b ^ 1 : b))) },
  { name: '000012.log', why: 'under another name', damaged: true, file: hex(one) },
]

// Section 6: the inventory.
const items = [['000005.sst', 80], ['MANIFEST-000011', 20000]]
const uvarint = (n) => (n < 0x80 ? Buffer.of(n) : cat(Buffer.of((n & 0x7f) | 0x80), uvarint(n >>> 7)))
const inventorySalt = fill(0x70, 16)
const inventory = cat(inventorySalt, aes256gcm(hkdf(root, inventorySalt, 'causeway/1 store inventory'), piece(0),
  cat(...items.map(([name, size]) => cat(uvarint(name.length), text(name), uvarint(size))))))

writeFileSync(new URL('08-store.json', import.meta.url), JSON.stringify({
  kdf,
  keys: { root: hex(root), incarnation: hex(incarnation), passphrase: kdf[1].passphrase, fileKey: hex(fileKey), file: hex(keys) },
  paged,
  streams,
  inventory: { items: items.map(([name, size]) => ({ name, size })), file: hex(inventory) },
}, null, 1) + '\n')
