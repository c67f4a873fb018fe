package group

import (
	"maps"
	"testing"
)

// stories are the hand cases of rules A and D. Each must come out as it says, by
// Fold and by the symbolic model; each mutant of the model must spoil one.
func stories() map[string]string {
	all := maps.Clone(tenureStories)
	maps.Copy(all, logStories)
	return all
}

func TestStories(t *testing.T) {
	for name, text := range stories() {
		s := tell(t, text)
		if d := s.check(resolve(s.dag, rules{}).outcome()); d != "" {
			t.Errorf("%s: the model: %s", name, d)
		}
		if d := s.check(s.folded().outcome(s.dag)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

var tenureStories = map[string]string{
	"two admins remove each other: the senior one, promoted first, wins": five + `
		E -> X
		E -> Y
		X: bob removes carol
		Y: carol removes bob
		members: alice* bob* dave eve
		void: Y`,
	"what a removed admin did meanwhile is void, and what came of it": five + `
		E -> X
		E -> Y -> Z
		X: alice removes carol
		Y: carol promotes frank
		Z: frank removes dave
		members: alice* bob* dave eve
		void: Y Z`,
	"a junior does not remove a senior, even with no haste": five + `
		E -> X
		X: carol removes bob
		members: alice* bob* carol* dave eve`,
	"a concurrent re-add by an equal does not save": five + `
		E -> X
		E -> Y
		X: bob removes dave
		Y: carol admits dave
		members: alice* bob* carol* eve`,
	"a later re-add does": five + `
		E -> X -> Y
		X: bob removes dave
		Y: carol admits dave
		members: alice* bob* carol* dave eve`,
	"a concurrent grant that outranks the remover saves": five + `
		E -> F -> X
		     F -> Y
		F: bob promotes frank
		X: frank removes dave
		Y: alice promotes dave
		members: alice* bob* carol* dave* eve frank*`,
	"what an admin did before its removal stands": five + `
		E -> X -> Y
		X: carol admits frank
		Y: alice removes carol
		members: alice* bob* dave eve frank`,
	"a back-dated protege does not outrank: depth comes before height": `
		A -> B -> C -> D -> E -> Y
		     B -> X -----------> Y
		A: alice founds
		B: alice promotes bob
		C: alice says
		D: alice says
		E: alice promotes carol
		X: bob promotes dave
		Y: dave removes carol
		members: alice* bob* carol* dave*`,
	"only admins grant": five + `
		E -> X
		X: dave admits frank
		members: alice* bob* carol* dave eve
		void: X`,
	"a grant gives nothing to what does not know it": five + `
		E -> P
		E -> X
		P: alice promotes dave
		X: dave admits frank
		members: alice* bob* carol* dave* eve
		void: X`,

	// Founders.
	"founders do not remove each other": `
		A -> X
		A -> Y
		A: alice founds with bob
		X: alice removes bob
		Y: bob removes alice
		members: alice* bob*`,
	"the first founder's grants outrank the second's": `
		A -> B -> D
		A -> C -> D -> X
		          D -> Y
		A: alice founds with bob
		B: bob promotes carol
		C: alice promotes dave
		D: alice says
		X: carol removes dave
		Y: dave removes carol
		members: alice* bob* dave*
		void: X`,
	"a founder may leave, and come back with less": `
		A -> B -> L -> R
		A: alice founds
		B: alice promotes bob
		L: alice leaves
		R: bob admits alice
		members: bob* alice`,

	// Demotion.
	"a demotion takes the right to admit, and no message": five + `
		E -> X
		E -> G
		E -> L -> M
		X: alice demotes bob
		G: bob admits frank
		L: bob adds bob/1
		M: bob/1 says
		members: alice* bob carol* dave eve
		void: G`,
	"a demotion by a junior has no effect": five + `
		E -> X
		X: carol demotes bob
		members: alice* bob* carol* dave eve`,
	"who is demoted can be removed by those who know it": five + `
		E -> X -> Y
		X: alice demotes bob
		Y: carol removes bob
		members: alice* carol* dave eve`,
	"a powerless removal gains no power from a demotion beside it": five + `
		E -> X
		E -> Y
		X: alice demotes bob
		Y: carol removes bob
		members: alice* bob carol* dave eve`,
	"nor from one after it, which keeps the target in": five + `
		E -> P -> Y -> X
		P: alice promotes dave
		Y: carol removes dave
		X: alice demotes dave
		members: alice* bob* carol* eve`,
	"a demotion does not bring back whom a removal ended": five + `
		E -> X -> Y
		X: alice removes bob
		Y: alice demotes bob
		members: alice* carol* dave eve`,
	"nor who left meanwhile": five + `
		E -> X
		E -> Y
		X: alice demotes bob
		Y: bob leaves
		members: alice* carol* dave eve`,
	"who is demoted can be promoted again": five + `
		E -> X -> Y
		X: alice demotes bob
		Y: alice promotes bob
		members: alice* bob* carol* dave eve`,
	"promotion and demotion of a member": five + `
		E -> P -> X -> Q -> Y
		P: alice promotes dave
		X: dave admits frank
		Q: alice demotes dave
		Y: dave admits grace
		members: alice* bob* carol* dave eve frank
		void: Y`,

	// Leave (D5).
	"a leave voids nothing that does not know it": five + `
		E -> X -> Y
		E -> L -> Z
		X: bob removes dave
		L: bob leaves
		Y: bob removes eve
		Z: bob removes carol
		members: alice* carol*
		void: Z`,
}
