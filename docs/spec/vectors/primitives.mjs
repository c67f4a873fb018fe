// What 03-keys.mjs and 04-people.mjs share: canonical CBOR, HKDF, HPKE and
// Ed25519, written from the RFCs and from docs/spec, not from the Go code.
import { createCipheriv, createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { ml_kem768_x25519 as xwing } from '@noble/post-quantum/hybrid.js'

export const text = (s) => Buffer.from(s, 'utf8')
export const cat = (...parts) => Buffer.concat(parts.map((p) => Buffer.from(p)))
export const hex = (b) => Buffer.from(b).toString('hex')
export const fill = (byte, n = 32) => Buffer.alloc(n, byte)
export const sha256 = (...parts) => createHash('sha256').update(cat(...parts)).digest()
export const hmac = (key, ...parts) => createHmac('sha256', key).update(cat(...parts)).digest()
export const be = (n, size) => {
  const b = Buffer.alloc(8)
  b.writeBigUInt64BE(BigInt(n))
  return b.subarray(8 - size)
}

// RFC 8949, the subset of docs/spec/00-overview.md. Buffers are byte strings,
// strings text, numbers unsigned integers, arrays arrays.
const head = (major, n) => {
  const m = major << 5
  if (n < 24) return Buffer.of(m | n)
  if (n < 0x100) return Buffer.of(m | 24, n)
  if (n < 0x10000) return cat(Buffer.of(m | 25), be(n, 2))
  if (n < 0x100000000) return cat(Buffer.of(m | 26), be(n, 4))
  return cat(Buffer.of(m | 27), be(n, 8))
}
export const cbor = (v) => {
  if (v === null) return Buffer.of(0xf6)
  if (typeof v === 'number') return head(0, v)
  if (typeof v === 'string') return cat(head(3, text(v).length), text(v))
  if (Array.isArray(v)) return cat(head(4, v.length), ...v.map(cbor))
  return cat(head(2, v.length), v)
}

// RFC 5869.
export const extract = (salt, ikm) => hmac(salt.length ? salt : fill(0), ikm)
export const hkdfExpand = (prk, info, size) => {
  let block = Buffer.alloc(0)
  let out = Buffer.alloc(0)
  for (let i = 1; out.length < size; i++) {
    block = hmac(prk, block, info, Buffer.of(i))
    out = cat(out, block)
  }
  return out.subarray(0, size)
}
// docs/spec/03-keys.md, section 1.
export const expand = (secret, label, context = Buffer.alloc(0), size = 32) =>
  hkdfExpand(secret, cat(text(label), Buffer.of(0), context), size)

// RFC 8439.
export const aead = (key, plain, ad, nonce = fill(0, 12)) => {
  const c = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  c.setAAD(ad, { plaintextLength: plain.length })
  return cat(c.update(plain), c.final(), c.getAuthTag())
}

// X-Wing: the public key of a 32-byte seed.
export const kemPublic = (seed) => Buffer.from(xwing.keygen(new Uint8Array(seed)).publicKey)

// RFC 9180, base mode, with KEM 0x647a, KDF 1, AEAD 3. The 64 bytes of
// randomness make the result repeatable.
const suite = cat(text('HPKE'), be(0x647a, 2), be(1, 2), be(3, 2))
const labeledExtract = (salt, label, ikm) => extract(salt, cat(text('HPKE-v1'), suite, text(label), ikm))
const labeledExpand = (prk, label, info, size) => hkdfExpand(prk, cat(be(size, 2), text('HPKE-v1'), suite, text(label), info), size)
export const hpke = (publicKey, info, random) => {
  const { cipherText: enc, sharedSecret } = xwing.encapsulate(new Uint8Array(publicKey), new Uint8Array(random))
  const none = Buffer.alloc(0)
  const context = cat(Buffer.of(0), labeledExtract(none, 'psk_id_hash', none), labeledExtract(none, 'info_hash', info))
  const secret = labeledExtract(Buffer.from(sharedSecret), 'secret', none)
  const key = labeledExpand(secret, 'key', context, 32)
  const nonce = labeledExpand(secret, 'base_nonce', context, 12)
  const exporter = labeledExpand(secret, 'exp', context, 32)
  return {
    enc: Buffer.from(enc),
    seal: (plain) => aead(key, plain, none, nonce), // the first message: nonce xor 0
    exported: (purpose, size) => labeledExpand(exporter, 'sec', text(purpose), size),
  }
}

// docs/spec/03-keys.md, sections 5 and 8.
export const sealTo = (publicKey, purpose, plain, random) => {
  const h = hpke(publicKey, cat(text(purpose), Buffer.of(0)), random)
  return cat(h.enc, h.exported('causeway/1 seal commit', 32), h.seal(plain))
}
export const keyed = (entryKey) => {
  const out = expand(entryKey, 'causeway/1 seal commit', undefined, 64)
  return { key: out.subarray(0, 32), commit: out.subarray(32) }
}
export const sealBytes = (secret, purpose, ad, plain, salt) => {
  const { key, commit } = keyed(expand(secret, 'causeway/1 seal box', cat(text(purpose), Buffer.of(0), salt)))
  return cat(salt, commit, aead(key, plain, ad))
}
export const padTo = (plain, size) => {
  if (plain.length >= size) throw new Error('does not fit')
  return cat(plain, Buffer.of(0x80), fill(0, size - plain.length - 1))
}

// RFC 8032, from a 32-byte seed.
const edKey = (seed) => createPrivateKey({ key: cat(Buffer.from('302e020100300506032b657004220420', 'hex'), seed), format: 'der', type: 'pkcs8' })
export const edPublic = (seed) => Buffer.from(createPublicKey(edKey(seed)).export({ format: 'jwk' }).x, 'base64url')
export const edSign = (seed, label, message) => sign(null, cat(text(label), message), edKey(seed))
