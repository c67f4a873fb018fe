// Makes 05-finding.json: rendezvous tags, their CIDs, and the publisher lottery
// of docs/spec/05-finding.md. Needs only Node 20: node 05-finding.mjs
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'

// RFC 5869 by hand. An empty salt is 32 zero bytes; 32 bytes are one block.
const hmac = (key, ...parts) => parts.reduce((h, p) => h.update(p), createHmac('sha256', key)).digest()
const hkdf32 = (secret, info) => hmac(hmac(Buffer.alloc(32), secret), info, Buffer.of(1))

const day8 = (day) => {
  const b = Buffer.alloc(8)
  b.writeBigInt64BE(BigInt(day))
  return b
}
const derive = (purpose, secret, day, who) =>
  hkdf32(secret, Buffer.concat([Buffer.from(purpose, 'utf8'), day8(day), who]))

const tag = (secret, day, publisher) => derive('causeway/1 rendezvous tag', secret, day, publisher)

const drawn = (secret, day, member, n) => {
  if (n <= 16) return true
  const ticket = derive('causeway/1 publisher lottery', secret, day, member).readBigUInt64BE(0)
  return (ticket * BigInt(n)) >> 64n < 16n
}

// CIDv1 = version 1, codec raw (0x55), multihash sha2-256 (0x12) of 32 (0x20)
// bytes; multibase prefix b = lower-case base32 without padding (RFC 4648).
const cid = (digest) => {
  let bits = ''
  for (const byte of [1, 0x55, 0x12, 0x20, ...digest]) bits += byte.toString(2).padStart(8, '0')
  let text = 'b'
  for (let i = 0; i < bits.length; i += 5) {
    text += 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(bits.slice(i, i + 5).padEnd(5, '0'), 2)]
  }
  return text
}

const fill = (byte) => Buffer.alloc(32, byte)
const count = Buffer.from(Array.from({ length: 32 }, (_, i) => i))

const tags = [
  [fill(0), 0, fill(0)],
  [fill(1), 20000, fill(0)],
  [fill(1), 20001, fill(0)],
  [fill(1), 20000, fill(2)],
  [count, 19723, fill(0xff)],
  [count, -1, count],
  [fill(0xff), 2 ** 40, count],
].map(([secret, day, publisher]) => {
  const t = tag(secret, day, publisher)
  return { secret: secret.toString('hex'), day, publisher: publisher.toString('hex'), tag: t.toString('hex'), cid: cid(t) }
})

const draws = []
for (const n of [1, 16, 17, 40, 1000]) {
  for (let i = 0; i < 12; i++) {
    const member = fill(i)
    draws.push({ secret: count.toString('hex'), day: 20000 + (i % 3), member: member.toString('hex'), n, drawn: drawn(count, 20000 + (i % 3), member, n) })
  }
}

// [Unix seconds, day number]
const days = [[0, 0], [86399, 0], [86400, 1], [-1, -1], [-86400, -1], [-86401, -2], [1704067199, 19722], [1704067200, 19723]]

writeFileSync(new URL('05-finding.json', import.meta.url), JSON.stringify({ tags, draws, days }, null, 1) + '\n')
