// Makes 07-mailbox.json: the vectors of docs/spec/07-mailbox.md.
// npm ci && node 07-mailbox.mjs
import { writeFileSync } from 'node:fs'
import { be, cat, cbor, edPublic, edSign, expand, fill, hex, padTo, sealBytes, sha256, text } from './primitives.mjs'

const hexes = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, Buffer.isBuffer(v) ? hex(v) : v]))
const none = Buffer.alloc(0)
const zero = fill(0)
const label = (words) => `causeway/1 mailbox ${words}`

// Section 1: keys.
const custodianSecret = fill(0x11)
const boxSeed = fill(0x22)
const box = edPublic(boxSeed)
const receiptSeed = expand(custodianSecret, label('receipt key'), box)
const receipt = edPublic(receiptSeed)
const tagSecret = expand(custodianSecret, label('tag secret'), box)
const keys = hexes({ custodian_secret: custodianSecret, box_seed: boxSeed, box, receipt, tag_secret: tagSecret })

const kmbx = fill(0x33)
const groupSeed = expand(kmbx, label('group box'))
const groups = [zero, fill(0x34)].map((writer) =>
  hexes({ kmbx, box_seed: groupSeed, box: edPublic(groupSeed), writer, deposit: expand(kmbx, label('group deposit'), writer) }))

// Section 2: slots.
const slotOf = (secret) => {
  const id = expand(secret, label('slot id'), receipt)
  return { secret, id, hash: sha256(id) }
}
const weekSlot = (deposit, week) => slotOf(expand(deposit, label('slot'), cat(box, be(week, 8))))
const slots = [0, 1, 2967, 2 ** 40].map((week) => {
  const deposit = fill(0x44)
  const s = weekSlot(deposit, week)
  return { week, ...hexes({ deposit, id: s.id, hash: s.hash }) }
})
const token = fill(0x55)
const request = slotOf(token)
const requests = [hexes({ token, id: request.id, hash: request.hash })]
const weeks = [
  [0, 0], [604799, 0], [604800, 1], [1794700800, 2967],
].map(([unix, week]) => ({ unix, week }))

// Section 4: parcels.
const buckets = [4096, 16384, 65536, 262144, 1048576]
const slot = weekSlot(fill(0x44), 2967)
const parcelOf = (set, index, count, data, salt) => {
  const plain = cat(set, be(index, 2), be(count, 2), data)
  const bucket = buckets.find((b) => plain.length < b - 64)
  return sealBytes(slot.secret, label('parcel'), none, padTo(plain, bucket - 64), salt)
}
const parcels = [[0, 1, none], [0, 1, text('hello')], [1, 3, fill(7, 4011)], [2, 3, fill(8, 4012)], [63, 64, fill(9, 16299)]].map(([index, count, data], i) => {
  const set = fill(0x60 + i, 16)
  const sealed = parcelOf(set, index, count, data, fill(0x70 + i, 16))
  return { index, count, ...hexes({ set, data, id: sha256(sealed), sealed }) }
})

// Section 5: one stream. Peer ids are any bytes here.
const custodianPeer = text('custodian peer id')
const clientPeer = text('client peer id')
const clientNonce = fill(0x80)
const custodianNonce = fill(0x81)
const opening = [1, box, receipt, custodianPeer, clientPeer, clientNonce, custodianNonce]
const proof = edSign(receiptSeed, label('custodian proof'), cbor(opening))

const grantToken = fill(0x90)
const grantID = expand(grantToken, label('grant'))
const grant = cbor([grantToken, 67108864, 10000, 2592000, 0])
const classPersonal = 1
const ownerBody = cbor([opening, classPersonal, grantID])
const voucher = expand(grantToken, label('voucher'), box)
const use = expand(voucher, label('grant use'), ownerBody)
const ownerSig = edSign(boxSeed, label('owner proof'), ownerBody)
const welcome = (made) => [tagSecret, 67108864, 10000, 2592000, 0, 0, 8192, 2, made]
const made = expand(voucher, label('grant made'), cat(ownerBody, cbor(welcome(zero))))

// Section 6: the three signed facts.
const parcel = sha256(text('a parcel'))
const deposited = 1794700800
const expires = deposited + 2592000
const receiptSig = edSign(receiptSeed, label('receipt'), cbor([box, parcel, 4096, deposited, expires]))
const quotaSig = edSign(receiptSeed, label('quota'), cbor([box, parcel, 1, deposited, expires]))
const deleteSig = edSign(boxSeed, label('delete'), cbor([box, parcel]))

// Section 3: every frame.
const frame = (type, body) => hex(cat(Buffer.of(type), body))
const ask = fill(0xa0)
const yes = Buffer.of(0xf5)
const frames = {
  hello: frame(1, cbor([1, box, clientNonce])),
  proof: frame(2, cbor([custodianNonce, receipt, proof])),
  owner: frame(3, cbor([classPersonal, grantID, use, ownerSig])),
  welcome: frame(4, cbor(welcome(made))),
  slots: frame(5, cat(Buffer.of(0x82), yes, cbor([[2967, [fill(1), fill(2)]], [2968, [fill(3)]]]))),
  list: frame(6, cbor([7, 1000])),
  rows: frame(7, cat(Buffer.of(0x82), cbor([[8, parcel, 4096, slot.hash, deposited, expires]]), yes)),
  fetch: frame(8, cbor([[[parcel, 65536]]])),
  bytes: frame(9, cbor([text('some bytes')])),
  delete: frame(10, cbor([[[parcel, deleteSig]]])),
  stand_in: frame(11, cbor([sha256(ask), request.hash, 4, expires, text('offer'), [[20772, fill(0xb0)]]])),
  revoke: frame(12, cbor([sha256(ask)])),
  close: frame(13, cbor([])),
  ok: frame(14, cbor([])),
  denied: frame(15, cbor([])),
  refused: frame(16, cbor([])),
  deposit: frame(17, cbor([slot.id, parcel, 4096])),
  go: frame(18, cbor([])),
  receipt: frame(19, cbor([4096, deposited, expires, receiptSig])),
  quota: frame(20, cbor([1, deposited, expires, quotaSig])),
  gone: frame(21, cbor([deleteSig])),
  invite: frame(22, cbor([1, ask])),
  offer: frame(23, cbor([box, receipt, text('offer')])),
}

const stream = hexes({
  custodian_peer: custodianPeer, client_peer: clientPeer, client_nonce: clientNonce, custodian_nonce: custodianNonce,
  grant_token: grantToken, grant, ask, parcel, deposited, expires,
})
writeFileSync(new URL('07-mailbox.json', import.meta.url), JSON.stringify({ keys, groups, slots, requests, weeks, parcels, stream, frames }, null, 1) + '\n')
