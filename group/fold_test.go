package group

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand"
	"slices"

	"causeway/identity"
	"causeway/merkle"
)

// From small numbers to what Fold takes.

func number(n int) (b [32]byte) {
	binary.BigEndian.PutUint64(b[:], uint64(n)) // keeps the order of ids
	return b
}
func idOf(n int) merkle.ID       { return merkle.ID(number(n)) }
func userOf(n int) identity.UID  { return identity.UID(number(n + 1)) }
func intOf(b [32]byte) int       { return int(binary.BigEndian.Uint64(b[:])) }
func nameOf(u identity.UID) int  { return intOf(u) - 1 }
func idsOf(ns []int) []merkle.ID { return mapped(ns, idOf) }
func logOf(user, n int) merkle.LogKey {
	k := merkle.LogKey(number(user + 1))
	binary.BigEndian.PutUint64(k[8:], uint64(n))
	return k
}

func mapped[A, B any](as []A, f func(A) B) []B {
	var bs []B
	for _, a := range as {
		bs = append(bs, f(a))
	}
	return bs
}

func (e *entry) ref() Ref {
	parents := slices.DeleteFunc(slices.Clone(e.deps), func(id int) bool { return id == e.back })
	return Ref{ID: idOf(e.id), Log: logOf(e.author, e.log), Seq: uint64(e.seq), Height: uint64(e.height), Parents: idsOf(parents)}
}

func (e *entry) op() Op {
	r := e.ref()
	o := Op{ID: r.ID, Log: r.Log, Seq: r.Seq, Height: r.Height, Parents: r.Parents, Kind: e.kind}
	if e.back != 0 {
		o.Prev = idOf(e.back)
	}
	switch e.kind {
	case Found:
		o.Founders = mapped(e.founders, func(u int) Admission { return Admission{userOf(u), logOf(u, 0)} })
	case Grant:
		o.Admit = Admission{userOf(e.target), logOf(e.target, e.named)}
		if e.admin {
			o.Role = Admin
		}
	case Revoke, Demote:
		o.Target = userOf(e.target)
	case Leaf:
		of := e.author
		if e.of != 0 {
			of = e.of
		}
		if e.add {
			o.New, o.Of = logOf(of, e.named), userOf(of)
		}
		o.Root = e.root
		o.Cut = mapped(e.cut, func(n int) merkle.LogKey { return logOf(e.author, n) })
	case Fault:
		o.FaultLog = logOf(e.target, e.named)
	}
	return o
}

// ops are the entries that chat feeds to Fold: all but messages.
func (d *dag) ops() []Op {
	var ops []Op
	for _, e := range d.es {
		if e.kind != Other || e.rekey {
			ops = append(ops, e.op())
		}
	}
	return ops
}

func (d *dag) Before(a, b merkle.ID) bool { return d.before(intOf(a), intOf(b)) }
func (d *dag) First(id merkle.ID) Ref {
	e := d.get(intOf(id))
	for e.back != 0 {
		e = d.get(e.back)
	}
	return e.ref()
}

// folded folds the dag's ops in a random order.
func (d *dag) folded(r *rand.Rand) *State {
	ops := d.ops()
	r.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
	return Fold(ops, d)
}

// stands reports whether an entry counts, in Fold's eyes.
func (s *State) stands(e *entry) bool {
	_, v := s.Counts(e.ref())
	return v.Live()
}

// outcome is all that a set of entries decides, to be compared.
type outcome struct {
	live, member, admin, usable map[int]bool
	best                        int
}

func newOutcome() outcome {
	return outcome{map[int]bool{}, map[int]bool{}, map[int]bool{}, map[int]bool{}, 0}
}

func (r *resolver) outcome() outcome {
	o := newOutcome()
	for _, e := range r.es {
		if r.live[e.id] {
			o.live[e.id] = true
		}
		if (e.rekey || e.kind == Found) && r.usable(e.id) {
			o.usable[e.id] = true
		}
	}
	o.member, o.admin, o.best = r.member, r.admins, r.best()
	return o
}

func (s *State) outcome(d *dag) outcome {
	o := newOutcome()
	var keys []Ref
	for _, e := range d.es {
		if s.stands(e) {
			o.live[e.id] = true
		}
		if e.rekey || e.kind == Found {
			keys = append(keys, e.ref())
			if s.Usable(idOf(e.id)) {
				o.usable[e.id] = true
			}
		}
	}
	for _, m := range s.Members() {
		o.member[nameOf(m.User)] = true
		if m.Role == Admin {
			o.admin[nameOf(m.User)] = true
		}
	}
	if best, ok := s.Best(keys); ok {
		o.best = intOf(best.ID)
	}
	return o
}

// diff says where two outcomes differ; "" if they do not.
func (o outcome) diff(want outcome) string {
	for _, c := range []struct {
		what      string
		got, want map[int]bool
	}{
		{"live", o.live, want.live}, {"members", o.member, want.member},
		{"admins", o.admin, want.admin}, {"usable", o.usable, want.usable},
	} {
		if !maps.Equal(c.got, c.want) {
			return fmt.Sprintf("%s: got %v, want %v", c.what, sorted(c.got), sorted(c.want))
		}
	}
	if o.best != want.best {
		return fmt.Sprintf("best key: got %d, want %d", o.best, want.best)
	}
	return ""
}

func sorted(m map[int]bool) []int { return slices.Sorted(maps.Keys(m)) }
