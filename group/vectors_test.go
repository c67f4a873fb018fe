package group

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"causeway/identity"
	"causeway/merkle"
)

// vectorCase is one case of docs/spec/vectors/02-membership.json, which an
// independent program made from the spec. n stands for number(n).
type vectorCase struct {
	Name    string
	Entries []vectorEntry
	Members []struct {
		User  int
		Admin bool
		Logs  []int
	}
	Void, Usable []int
}

type vectorEntry struct {
	ID, Log, Seq, Height, Prev int
	Parents                    []int
	Kind                       string
	Founders                   [][2]int
	User, Admits               int
	Admin                      bool
	Target, Adds, Of           int
	Root                       bool
	Cut                        []int
	Forked                     int
}

// drawn answers for the DAG of a case.
type drawn map[merkle.ID]*vectorEntry

func (d drawn) Before(a, b merkle.ID) bool {
	e := d[b]
	up := mapped(e.Parents, idOf)
	if e.Prev != 0 {
		up = append(up, idOf(e.Prev))
	}
	return slices.ContainsFunc(up, func(p merkle.ID) bool { return p == a || d.Before(a, p) })
}

func (d drawn) First(id merkle.ID) Ref {
	e := d[id]
	for e.Prev != 0 {
		e = d[idOf(e.Prev)]
	}
	o := e.op()
	return o.Ref()
}

func (e *vectorEntry) op() Op {
	key := func(n int) merkle.LogKey { return merkle.LogKey(number(n)) }
	uid := func(n int) identity.UID { return identity.UID(number(n)) }
	o := Op{
		ID: idOf(e.ID), Log: key(e.Log), Seq: uint64(e.Seq), Height: uint64(e.Height), Prev: idOf(e.Prev), Parents: mapped(e.Parents, idOf),
		Kind:  map[string]Kind{"found": Found, "grant": Grant, "revoke": Revoke, "demote": Demote, "leave": Leave, "leaf": Leaf, "fault": Fault}[e.Kind],
		Admit: Admission{uid(e.User), key(e.Admits)}, Target: uid(e.Target),
		New: key(e.Adds), Of: uid(e.Of), Root: e.Root, Cut: mapped(e.Cut, key), FaultLog: key(e.Forked),
	}
	for _, f := range e.Founders {
		o.Founders = append(o.Founders, Admission{uid(f[0]), key(f[1])})
	}
	if e.Admin {
		o.Role = Admin
	}
	return o
}

func TestVectors(t *testing.T) {
	b, err := os.ReadFile("../docs/spec/vectors/02-membership.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vectorCase }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 50 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		c.check(t)
	}
}

func (c *vectorCase) check(t *testing.T) {
	past := drawn{}
	var ops []Op
	for i := range c.Entries {
		e := &c.Entries[i]
		past[idOf(e.ID)] = e
		if e.Kind != "message" {
			ops = append(ops, e.op())
		}
	}
	s := Fold(ops, past)
	var void, usable []int
	for _, e := range c.Entries {
		o := e.op()
		if _, v := s.Counts(o.Ref()); !v.Live() {
			void = append(void, e.ID)
		}
		if (e.Kind == "rekey" || e.Kind == "found") && s.Usable(o.ID) {
			usable = append(usable, e.ID)
		}
	}
	if !slices.Equal(void, c.Void) || !slices.Equal(usable, c.Usable) {
		t.Errorf("%s: void %v, want %v; usable %v, want %v", c.Name, void, c.Void, usable, c.Usable)
	}
	got := s.Members()
	if len(got) != len(c.Members) {
		t.Fatalf("%s: %d members, want %d", c.Name, len(got), len(c.Members))
	}
	for i, want := range c.Members {
		logs := mapped(got[i].Logs, func(l merkle.LogKey) int { return intOf(l) })
		if intOf(got[i].User) != want.User || (got[i].Role == Admin) != want.Admin || !slices.Equal(logs, want.Logs) {
			t.Errorf("%s: member %d: user %d, %v, logs %v; want %+v", c.Name, i, intOf(got[i].User), got[i].Role, logs, want)
		}
	}
}
