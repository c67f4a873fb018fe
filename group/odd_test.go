package group

import (
	"math/rand"
	"testing"

	"causeway/merkle"
)

func TestFolding(t *testing.T) {
	s := tell(t, five+`
		E -> X
		X: bob removes dave`)
	ops := s.ops()
	want := s.folded().outcome(s.dag)
	if d := Fold(append(ops, ops...), s.dag).outcome(s.dag).diff(want); d != "" {
		t.Error("repeated:", d)
	}
	if n := len(Fold(nil, s.dag).Members()); n != 0 {
		t.Error("no entries:", n)
	}
	if n := len(Fold(ops[1:], s.dag).Members()); n != 0 {
		t.Error("no found:", n)
	}
	second := ops[0]
	second.ID = idOf(1000)
	two := Fold(append(ops, second), s.dag)
	if len(two.Members()) != 0 || two.Live(ops[0].ID) {
		t.Error("two founds")
	}
	ops[0].Founders = []Admission{{userOf(0), logOf(0, 0)}, {userOf(0), logOf(0, 7)}, {userOf(1), logOf(1, 0)}}
	st := Fold(ops, s.dag)
	if m, _ := st.Member(userOf(0)); len(m.Logs) != 1 || m.Logs[0] != logOf(0, 0) {
		t.Error("a founder named twice:", m.Logs)
	}
	if n := len(st.Members()); n != 4 {
		t.Error("members:", n)
	}
	if st.With(nil).past != nil || st.past == nil {
		t.Error("With changes what it is called on")
	}
}

// A log is the first user's whose tenure reaches it.
func TestLogOfTwoUsers(t *testing.T) {
	s := tell(t, five+`
		E -> X -> Y
		X: alice admits frank
		Y: dave says`)
	ops := s.ops()
	ops[5].Admit.Log = s.key("dave") // both have signed for it
	st := Fold(ops, s.dag)
	if u, v := st.Counts(s.get(s.ids["Y"]).ref()); u != s.who("dave") || !v.Live() {
		t.Error("dave's log is taken away", nameOf(u), v)
	}
	if m, in := st.Member(s.who("frank")); !in || len(m.Logs) != 0 {
		t.Error("frank:", m.Logs)
	}
}

// A leaf by root that is not the first entry of the very log that it adds is an
// ordinary leaf without power to add.
func TestMisplacedRootLeaf(t *testing.T) {
	s := tell(t, five+`
		E -> L -> P -> R -> X
		     L -> Y
		L: bob adds bob/1
		P: bob/1 says
		R: bob/1 adds bob/1 cutting bob
		X: bob/1 adds bob/2 cutting bob
		Y: bob says`)
	ops := s.ops()
	for i := range ops {
		if ops[i].ID == s.at("R") || ops[i].ID == s.at("X") {
			ops[i].Root = true
		}
	}
	st := Fold(ops, s.dag)
	if s.wantVerdict(t, st, "Y", Stands, ""); st.MayWrite(s.key("bob/2")) {
		t.Error("bob/2 is added")
	}
	s = tell(t, five+`
		E -> L -> R -> Z
		L: bob adds bob/1
		R: bob/1 adds bob/3 cutting bob
		Z: bob/3 says`)
	ops = s.ops()
	ops[len(ops)-1].Root = true // first entry of bob/1, naming bob/3
	s.wantVerdict(t, Fold(ops, s.dag), "Z", Unknown, "")
}

// Nonsense is void, and nothing panics.
func TestAttack15_NonsenseIsVoid(t *testing.T) {
	for seed := range int64(500) {
		r := rand.New(rand.NewSource(seed))
		w := newLab(seed, false)
		w.live(15)
		ops := w.ops()
		key := func() merkle.LogKey { return logOf(r.Intn(labUsers), r.Intn(3)) }
		for range 20 {
			o := &ops[r.Intn(len(ops))]
			o.Kind = Kind(r.Intn(12))
			o.Seq, o.Height = uint64(r.Intn(3)), r.Uint64()
			o.Log, o.New, o.FaultLog, o.Admit.Log = key(), key(), key(), key()
			o.Cut = []merkle.LogKey{key(), {}, o.Log}
			o.Root, o.Of, o.Target = r.Intn(2) == 0, userOf(r.Intn(labUsers)), userOf(r.Intn(labUsers))
			o.Role, o.Parents = Role(r.Intn(5)), []merkle.ID{{}, o.ID}
		}
		s := Fold(ops, w.dag)
		for _, e := range w.es {
			s.Counts(e.ref())
			s.Settled(e.ref(), nil)
			s.Usable(idOf(e.id))
		}
	}
}
