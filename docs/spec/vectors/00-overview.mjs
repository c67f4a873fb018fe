// Makes 00-overview.json: values and frames of docs/spec/00-overview.md, and what is refused.
// node 00-overview.mjs
import { writeFileSync } from 'node:fs'

const hex = (s) => s.replace(/\s/g, '')
const zeros = (n) => '00'.repeat(n)
const digest = Array.from({ length: 32 }, (_, i) => (i + 1).toString(16).padStart(2, '0')).join('')

const values = [
  ['0', '00'], ['23', '17'], ['24', '18 18'], ['255', '18 ff'], ['256', '19 0100'], ['65535', '19 ffff'],
  ['65536', '1a 00010000'], ['4294967295', '1a ffffffff'], ['4294967296', '1b 0000000100000000'],
  ['2^53', '1b 0020000000000000'], ['2^64 - 1', '1b ffffffffffffffff'], ['-1', '20'], ['-256', '38 ff'],
  ['no bytes', '40'], ['one byte', '41 00'], ['24 bytes', '58 18' + zeros(24)], ['256 bytes', '59 0100' + zeros(256)],
  ['no text', '60'], ['Zoë', '64 5a6fc3ab'], ['empty array', '80'], ['array of three', '83 01 41ff f6'],
  ['false', 'f4'], ['true', 'f5'], ['null', 'f6'],
  ['link to a dag-cbor block', 'd8 2a 58 25 00 01 71 12 20' + digest],
  ['link to a raw block', 'd8 2a 58 25 00 01 55 12 20' + digest],
  ['eight arrays deep', '81'.repeat(7) + '80'],
].map(([name, s]) => ({ name, hex: hex(s) }))

const refused = [
  ['nothing', ''], ['two values', '00 00'], ['cut off', '19 01'],
  ['0 on two bytes', '18 00'], ['23 on two bytes', '18 17'], ['255 on three bytes', '19 00ff'], ['65535 on five bytes', '1a 0000ffff'],
  ['2^32 - 1 on nine bytes', '1b 00000000ffffffff'], ['-1 on two bytes', '38 00'], ['long length', '58 01 00'], ['long array', '98 00'],
  ['bytes past the end', '42 00'], ['array past the end', '82 00'], ['length of 2^63', '5b 8000000000000000'], ['array of 2^62', '9b 4000000000000000'],
  ['endless bytes', '5f 41 00 ff'], ['endless text', '7f 61 61 ff'], ['endless array', '9f 00 ff'], ['a break', 'ff'],
  ['empty map', 'a0'], ['map', 'a1 61 61 01'],
  ['16-bit float', 'f9 0000'], ['32-bit float', 'fa 00000000'], ['64-bit float', 'fb 0000000000000000'],
  ['undefined', 'f7'], ['simple value 16', 'f0'], ['false on two bytes', 'f8 14'], ['reserved argument', '1c'],
  ['text that is not UTF-8', '61 ff'], ['a surrogate in UTF-8', '63 eda080'], ['overlong UTF-8', '62 c080'],
  ['tag 1', 'c1 00'], ['tag 42 on three bytes', 'd9 002a 58 25 00 01 71 12 20' + digest], ['tag 42 over a number', 'd8 2a 00'],
  ['link without the zero', 'd8 2a 58 24 01 71 12 20' + digest], ['link with another hash', 'd8 2a 58 25 00 01 71 13 20' + digest],
  ['link of another version', 'd8 2a 58 25 00 00 71 12 20' + digest], ['link of another codec', 'd8 2a 58 25 00 01 70 12 20' + digest],
  ['link with a short digest', 'd8 2a 58 24 00 01 71 12 1f' + digest.slice(2)],
  ['nine arrays deep', '81'.repeat(8) + '80'],
].map(([name, s]) => ({ name, hex: hex(s) }))

const frames = [
  ['none', [], ''], ['an empty frame', [''], '00'], ['two frames', ['6869', ''], '02 6869 00'],
  ['128 bytes', [zeros(128)], '80 01' + zeros(128)],
].map(([name, payloads, s]) => ({ name, payloads, hex: hex(s) }))

// error: what a reader that takes 1,000 bytes answers after the payloads.
const badFrames = [
  ['cut in the length', [], '80', 'unexpected end'], ['cut in the payload', ['61'], '01 61 02 61', 'unexpected end'],
  ['length on two bytes that fits one', [], '80 00', 'bad frame'], ['0 on three bytes', [], '80 80 00', 'bad frame'],
  ['1,001 bytes', [], 'e9 07', 'bad frame'], ['1 GiB', [], '80 80 80 80 04', 'bad frame'], ['2^70', [], 'ff'.repeat(10) + '7f', 'bad frame'],
].map(([name, payloads, s, error]) => ({ name, payloads, hex: hex(s), error }))

const out = new URL('00-overview.json', import.meta.url)
writeFileSync(out, JSON.stringify({ values, refused, frames, badFrames }, null, 1) + '\n')
