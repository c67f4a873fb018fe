// Makes 02-membership.json: small DAGs, and what docs/spec/02-membership.md says of them.
// node 02-membership.mjs
// Ids, users and logs are numbers; n stands for the 32 bytes that begin with n as 8 bytes, big endian, and are zero after.
import { writeFileSync } from 'node:fs'
import assert from 'node:assert'

// Keys of rank are arrays of numbers: lower is more senior. Depth stands before the path, so lengths differ only after it.
const senior = (a, b) => {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] ?? -1) < (b[i] ?? -1)
  return false
}
const mostSenior = (list) => list.reduce((best, x) => (best && !senior(x.rank, best.rank) ? best : x), undefined)

class Group {
  constructor(entries) {
    this.all = new Map(entries.map((e) => [e.id, e]))
    this.ops = entries.filter((e) => e.kind !== 'message')
    this.memo = new Map()
    this.live = new Set(this.ops.filter((e) => e.kind === 'fault').map((e) => e.id))
    this.removals = []
    this.owner = new Map()
    this.done = []
    this.fold()
  }

  past(id) {
    if (!this.memo.has(id)) {
      const e = this.all.get(id)
      const set = new Set()
      for (const p of [...e.parents, ...(e.prev ? [e.prev] : [])]) for (const q of [p, ...this.past(p)]) set.add(q)
      this.memo.set(id, set)
    }
    return this.memo.get(id)
  }

  knows(b, a) { return this.past(b).has(a) }

  // Section 3.
  hits(r, t) {
    if (r.e.kind === 'leave') return r.user === t.user && this.knows(r.e.id, t.begin.id)
    if (r.e.target !== t.user) return false
    if (t.instead) {
      if (r.e.kind !== 'revoke') return false
      return this.hits(r, t.instead) || this.demotes(t.instead).some((d) => this.knows(r.e.id, d.e.id))
    }
    if (t.founder || (r.e.kind === 'demote' && !t.admin) || this.knows(t.begin.id, r.e.id)) return false
    return senior(r.by.rank, t.rank)
  }

  demotes(t) { return this.removals.filter((d) => d.e.kind === 'demote' && this.hits(d, t)) }

  voided(t, id, removals) {
    return removals.some((r) => this.hits(r, t) && (r.e.kind === 'leave' ? this.knows(id, r.e.id) : r.e.id !== id && !this.knows(r.e.id, id)))
  }

  // Section 4.
  begun(e) {
    while (e.prev) e = this.all.get(e.prev)
    if (e.kind === 'found' || rootLeaf(e)) return true
    return e.parents.some((p) => names(this.all.get(p), e.log))
  }

  keeps(t, place, e, removals) {
    if (this.voided(t, e.id, removals) || !this.begun(e)) return false
    if (place.leaf && e !== place.leaf && !this.knows(e.id, place.leaf.id)) return false
    if (this.ops.some((f) => f.kind === 'fault' && f.forked === e.log && this.knows(e.id, f.id))) return false
    return place.cuts.every((c) => this.knows(c.id, e.id))
  }

  logs(t) {
    const known = [...this.removals]
    const roots = this.ops.filter((e) => rootLeaf(e) && e.of === t.user && !this.voided(t, e.id, known))
    const places = roots.map((e) => {
      const n = roots.filter((o) => this.knows(e.id, o.id)).length
      return { log: e.log, leaf: e, rank: [-1 - n, 1, 0, e.id] }
    })
    places.push({ log: t.log, rank: [0, 0] })
    const cuts = []
    const counted = []
    for (t.places = []; places.length > 0;) {
      const place = mostSenior(places)
      places.splice(places.indexOf(place), 1)
      if (t.places.some((p) => p.log === place.log) || (this.owner.get(place.log) ?? t.user) !== t.user) continue
      this.owner.set(place.log, t.user)
      place.cuts = cuts.filter((c) => c.log === place.log && senior(c.rank, place.rank)).map((c) => c.e)
      t.places.push(place)
      for (const e of this.ops.filter((e) => e.log === place.log && this.keeps(t, place, e, known))) {
        counted.push(e)
        if (e.kind !== 'leaf') continue
        for (const log of e.cut) cuts.push({ log, e, rank: place.rank })
        if (e.adds && !e.root && e.of === t.user) {
          const [roots, depth, ...path] = place.rank
          places.push({ log: e.adds, leaf: e, rank: [roots, depth + 1, ...path, e.seq, e.id] })
        }
      }
    }
    return counted.sort((a, b) => a.height - b.height || a.id - b.id)
  }

  // Section 5.
  fold() {
    const founds = this.ops.filter((e) => e.kind === 'found')
    const waiting = []
    if (founds.length === 1) {
      this.live.add(founds[0].id)
      founds[0].founders.forEach(([user, log], i, all) => {
        if (all.findIndex(([u]) => u === user) === i) waiting.push({ user, log, begin: founds[0], admin: true, founder: true, rank: [0, 0, i] })
      })
    }
    while (waiting.length > 0) {
      const t = mostSenior(waiting)
      waiting.splice(waiting.indexOf(t), 1)
      if (t.instead && this.demotes(t.instead).length === 0) continue
      this.done.push(t)
      for (const e of this.logs(t)) {
        if (this.live.has(e.id) || e.kind === 'found' || !this.knows(e.id, t.begin.id) || this.voided(t, e.id, this.removals)) continue
        if (['grant', 'revoke', 'demote'].includes(e.kind) && !t.admin) continue
        this.live.add(e.id)
        if (['revoke', 'demote', 'leave'].includes(e.kind)) this.removals.push({ e, by: t, user: t.user })
        if (e.kind !== 'grant') continue
        const [, depth, ...path] = t.rank
        const rank = (admin) => [admin ? 0 : 1, depth + 1, ...path, e.height, e.id]
        const next = { user: e.user, log: e.admits, begin: e, admin: e.admin, rank: rank(e.admin) }
        waiting.push(next)
        if (e.admin) waiting.push({ ...next, admin: false, rank: rank(false), instead: next })
      }
      t.known = [...this.removals]
    }
    this.present = this.done.filter((t) => !this.removals.some((r) => this.hits(r, t)))
  }

  stands(e) {
    if (e.kind !== 'message') return this.live.has(e.id)
    return this.done.some((t) => this.knows(e.id, t.begin.id) &&
      t.places.some((p) => p.log === e.log && this.owner.get(p.log) === t.user && this.keeps(t, p, e, t.known)))
  }

  usable(id) { return this.live.has(id) && this.removals.every((r) => r.e.kind === 'demote' || this.knows(id, r.e.id)) }

  members() {
    const members = []
    for (const t of this.present) {
      let m = members.find((m) => m.user === t.user)
      if (!m) members.push(m = { user: t.user, admin: false, logs: [] })
      m.admin ||= t.admin
      for (const p of t.places) {
        const open = p.cuts.length === 0 && !this.ops.some((f) => f.kind === 'fault' && f.forked === p.log)
        if (open && !m.logs.includes(p.log)) m.logs.push(p.log)
      }
    }
    return members
  }
}

const rootLeaf = (e) => e.kind === 'leaf' && e.root && e.seq === 0 && e.adds === e.log
const names = (e, log) => e.kind === 'found' ? e.founders.some(([, l]) => l === log) : e.kind === 'grant' ? e.admits === log : e.kind === 'leaf' && e.adds === log

// Drawing: each entry is [id, log, kind and what it carries, parents, prev]; seq, height and prev follow if not given.
class Drawing {
  constructor() { this.entries = []; this.at = new Map() }

  knows(b, a) {
    const e = this.at.get(b)
    return [...e.parents, ...(e.prev ? [e.prev] : [])].some((p) => p === a || this.knows(p, a))
  }

  put(id, log, what, parents, prev) {
    const own = this.entries.filter((e) => e.log === log && parents.some((p) => p === e.id || this.knows(p, e.id)))
    prev ??= own.length > 0 ? own.at(-1).id : 0
    const up = [...new Set([...parents, ...(prev ? [prev] : [])])].map((p) => this.at.get(p))
    const e = {
      id, log, seq: prev ? this.at.get(prev).seq + 1 : 0, height: Math.max(-1, ...up.map((p) => p.height)) + 1,
      prev, parents: parents.filter((p) => p !== prev).sort((a, b) => a - b), ...what,
    }
    this.entries.push(e)
    this.at.set(id, e)
    return e
  }
}

const found = (...logs) => ({ kind: 'found', founders: logs.map((l) => [Math.floor(l / 10), l]) })
const grant = (log, admin = false) => ({ kind: 'grant', user: Math.floor(log / 10), admits: log, admin })
const revoke = (target) => ({ kind: 'revoke', target })
const demote = (target) => ({ kind: 'demote', target })
const leave = { kind: 'leave' }
const leaf = (adds, cut = [], root = false, of = Math.floor(adds / 10)) => ({ kind: 'leaf', adds, of, root, cut })
const fault = (forked) => ({ kind: 'fault', forked })
const rekey = { kind: 'rekey' }
const message = { kind: 'message' }

// User 1 (logs 10, 11, …) founds, admits admins 2 and 3 and members 4 and 5.
const five = [[1, 10, found(10), []], [2, 10, grant(20, true), [1]], [3, 10, grant(30, true), [2]], [4, 10, grant(40), [3]], [5, 10, grant(50), [4]]]
const hand = {
  'two admins remove each other': [[[6, 20, revoke(3), [2, 5]], [7, 30, revoke(2), [3, 5]]], [1, 2, 4, 5], [7]],
  'a removal is strong': [[[6, 10, revoke(3), [5]], [7, 30, grant(60, true), [3, 5]], [8, 60, revoke(4), [7]]], [1, 2, 4, 5], [7, 8]],
  'a concurrent re-add does not save': [[[6, 20, revoke(4), [2, 5]], [7, 30, grant(40), [3, 5]]], [1, 2, 3, 5], []],
  'a later re-add does': [[[6, 20, revoke(4), [2, 5]], [7, 30, grant(40), [3, 6]]], [1, 2, 3, 4, 5], []],
  'depth before height': [[[6, 20, grant(60, true), [2]], [7, 10, message, [5]], [8, 10, grant(70, true), [7]], [9, 60, revoke(7), [6, 8]]], [1, 2, 3, 4, 5, 6, 7], []],
  'a demotion takes powers and no messages': [[[6, 10, demote(2), [5]], [7, 20, message, [2, 5]], [8, 20, grant(60), [7]], [9, 30, revoke(2), [3, 5]]], [1, 2, 3, 4, 5], [8]],
  'who is demoted can be removed': [[[6, 10, demote(2), [5]], [7, 30, revoke(2), [3, 6]]], [1, 3, 4, 5], []],
  'a leave voids what knows it': [[[6, 20, revoke(4), [2, 5]], [7, 20, leave, [2, 5]], [8, 20, revoke(3), [7]]], [1, 3, 5], [8]],
  'a fault freezes for those who know it': [[[6, 50, fault(20), [5]], [7, 20, revoke(4), [2, 5]], [8, 20, message, [2, 6]]], [1, 2, 3, 5], [8]],
  'a junior log cuts nothing above it, root does': [[[6, 20, leaf(21), [2, 5]], [7, 21, leaf(0, [20], false, 0), [6]], [8, 20, revoke(4), [6]], [9, 20, message, [6]], [10, 22, leaf(22, [20], true), [7, 9]]], [1, 2, 3, 4, 5], [8]],
  'depth of logs': [[[6, 20, leaf(21), [2, 5]], [7, 20, message, [6]], [8, 20, leaf(22), [7]], [9, 21, leaf(23), [6]], [10, 23, leaf(0, [22], false, 0), [9]], [11, 22, message, [8]]], [1, 2, 3, 4, 5], []],
  'nothing beneath the leaf': [[[6, 20, leaf(21), [2, 5]], [7, 21, message, [5]], [8, 21, message, [6, 7]], [9, 21, message, [6]]], [1, 2, 3, 4, 5], [7, 8]],
  'a named log shuts out the old one': [[[6, 20, revoke(4), [2, 5]], [7, 20, grant(49), [6]], [8, 40, message, [4, 7]], [9, 49, message, [7]]], [1, 2, 3, 4, 5], [8]],
}

const judge = (name, entries) => {
  const g = new Group(entries)
  return {
    name, entries,
    members: g.members(),
    void: entries.filter((e) => !g.stands(e)).map((e) => e.id),
    usable: entries.filter((e) => (e.kind === 'rekey' || e.kind === 'found') && g.usable(e.id)).map((e) => e.id),
  }
}

const cases = Object.entries(hand).map(([name, [more, members, voids]]) => {
  const d = new Drawing()
  for (const args of [...five, ...more]) d.put(...args)
  const c = judge(name, d.entries)
  assert.deepEqual(c.members.map((m) => m.user).sort(), members, name)
  assert.deepEqual(c.void, voids, name)
  return c
})

// Random DAGs: two founders or one, then whoever writes what it likes, knowing what it likes.
let state = 1
const random = (n) => {
  state = (state * 1103515245 + 12345) % 2147483648
  return Math.floor(state / 65536) % n
}
const pick = (list) => list[random(list.length)]
for (let i = 0; i < 60; i++) {
  const d = new Drawing()
  const id = () => { for (;;) { const n = 1 + random(999); if (!d.at.has(n)) return n } }
  const first = d.put(id(), 10, i % 2 ? found(10, 20) : found(10), [])
  const logs = i % 2 ? [10, 20] : [10]
  for (const log of [30, 40, 50]) {
    d.put(id(), pick(logs), grant(log, log < 50), [first.id, ...d.entries.slice(-1).map((e) => e.id)].filter((x, k, a) => a.indexOf(x) === k))
    logs.push(log)
  }
  for (let k = 0; k < 14; k++) {
    let log = pick(logs)
    const target = 1 + random(6)
    const fresh = target * 10 + random(3)
    const own = Math.floor(log / 10) * 10 + 1 + random(3)
    const what = pick([revoke(target), revoke(target), demote(target), grant(fresh), grant(fresh, true), leaf(own), leaf(own, [pick(logs)]),
      leaf(0, [pick(logs)], false, 0), fault(pick(logs)), rekey, rekey, message, message, leave, 'root'])
    const parents = new Set([pick(d.entries).id])
    if (random(3)) parents.add(d.entries.at(-1).id)
    if (random(3)) parents.add(pick(d.entries).id)
    let said = what
    if (what === 'root') {
      log = Math.floor(log / 10) * 10 + 7 + random(2)
      said = leaf(log, [pick(logs)], true)
    }
    const admits = d.entries.filter((e) => names(e, log))
    if (admits.length && random(6)) parents.add(admits.at(-1).id)
    const mine = d.entries.filter((e) => e.log === log)
    const prev = what === 'root' ? 0 : mine.length && random(5) === 0 ? pick(mine).id : undefined
    const e = d.put(id(), log, said, [...parents], prev)
    if (what === 'root' && e.prev !== 0) throw new Error('a root leaf begins its log')
    for (const n of [e.adds, e.admits]) if (n && !logs.includes(n)) logs.push(n)
  }
  cases.push(judge(`random ${i}`, d.entries))
}

const lines = cases.map((c) => JSON.stringify(c)).join(',\n')
writeFileSync(new URL('02-membership.json', import.meta.url), `{"cases":[\n${lines}\n]}\n`)
