package group

import (
	"testing"
)

// stories are the hand cases of rules A and D. Each must come out as it says, by
// Fold and by the symbolic model; each mutant of the model must spoil one.
var stories = map[string]string{
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

	// Faults (D4).
	"a fault does not undo a removal that it does not know": five + `
		E -> X -> Y
		E -> Z
		X: bob removes dave
		Y: dave says
		Z: eve faults bob
		members: alice* bob* carol* eve
		void: Y`,
	"nor does it matter who vouches for what": five + `
		E -> X -> Z
		E -> Y
		E -> W
		X: bob removes carol
		Y: carol removes dave
		Z: dave says
		W: eve faults bob
		members: alice* bob* dave eve
		void: Y`,
	"a fault that knows nothing does not void a group": five + `
		E -> X
		A -> Y
		A -> Z
		X: dave says
		Y: alice says
		Z: eve faults alice
		members: alice* bob* carol* dave eve`,
	"after the fault the thief undoes nothing that is done knowing it": five + `
		E -> X -> F -> R -> T
		D -> Y
		X: bob says
		Y: bob says
		F: dave faults bob
		R: carol removes eve
		T: bob admits eve
		members: alice* bob* carol* dave
		void: T`,

	// Logs of one user (D1 to D3).
	"nothing is written beneath the leaf of a new log": five + `
		E -> X -> L -> Z
		E -> Y -> W
		          L -> W
		X: carol removes dave
		L: bob adds bob/1
		Y: bob/1 removes carol unrooted
		Z: bob/1 removes carol
		W: bob/1 says
		members: alice* bob* eve
		void: Y W`,
	"the price of strong removal: a senior log that never acknowledged X": five + `
		E -> X
		E -> L -> Y
		X: carol removes dave
		L: bob adds bob/1
		Y: bob/1 removes carol
		members: alice* bob* dave eve
		void: X`,
	"the reach of a fork: bob had acknowledged X, the thief forks beneath": five + `
		E -> X -> Y -> F
		E -> T
		X: carol removes dave
		Y: bob says
		T: bob removes carol
		F: dave faults bob
		members: alice* bob* dave eve
		void: X`,
	"and how authority undoes it": five + `
		E -> X -> Y -> F -> G
		E -> T
		X: carol removes dave
		Y: bob says
		T: bob removes carol
		F: dave faults bob
		G: alice removes bob
		members: alice* carol* eve
		void: T`,
	"a senior log cuts a junior one": five + `
		E -> L -> X
		     L -> Y
		L: bob adds bob/1
		X: bob cuts bob/1
		Y: bob/1 says
		members: alice* bob* carol* dave eve
		void: Y`,
	"a junior log cuts nothing above it": five + `
		E -> L -> K
		     L -> X
		L: bob adds bob/1
		K: bob/1 cuts bob
		X: bob removes dave
		members: alice* bob* carol* eve`,
	"root does": five + `
		E -> L -> K -> R
		     L -> X
		L: bob adds bob/1
		K: bob/1 cuts bob
		X: bob removes dave
		R: bob/2 recovers cutting bob
		members: alice* bob* carol* dave eve
		void: X`,
	"a later root beats an earlier one": five + `
		E -> R -> S
		     R -> M
		R: bob/2 recovers
		S: bob/3 recovers cutting bob/2
		M: bob/2 says
		members: alice* bob* carol* dave eve
		void: M`,
	"of roots that do not know each other the lower id beats": five + `
		E -> R -> X
		E -> M -> S -> Y
		R: bob/2 recovers cutting bob/3
		M: alice says
		S: bob/3 recovers cutting bob/2
		X: bob/2 says
		Y: bob/3 says
		members: alice* bob* carol* dave eve
		void: S Y`,
	"D2, depth: a log below a junior log is junior to a later sibling": five + `
		E -> K -> M -> L -> V
		     K -> T -> U
		               L -> W
		               T -> Y
		K: bob adds bob/1
		M: bob says
		L: bob adds bob/2
		T: bob/1 adds bob/3
		U: bob/3 cuts bob/2
		V: bob/2 says
		W: bob/2 cuts bob/3
		Y: bob/3 says
		members: alice* bob* carol* dave eve
		void: U Y`,
	"D2, siblings: the earlier leaf of one log is senior": five + `
		E -> K -> L -> X
		     K -> Y
		          L -> Z
		K: bob adds bob/2
		L: bob adds bob/1
		X: bob/2 cuts bob/1
		Y: bob/2 says
		Z: bob/1 cuts bob/2
		members: alice* bob* carol* dave eve
		void: Z`,
	"D2, parents: what a senior log adds is senior to what a junior one adds": five + `
		E -> K -> L -> P -> X -> U
		     K -> M -> Q -> V
		                    X -> W
		               Q -> Y
		K: bob adds bob/1
		L: bob adds bob/2
		P: bob/2 adds bob/4
		M: bob/1 says
		Q: bob/1 adds bob/3
		X: bob/4 says
		U: bob/4 cuts bob/3
		V: bob/3 cuts bob/4
		W: bob/4 says
		Y: bob/3 says
		members: alice* bob* carol* dave eve
		void: X U W`,
	"a leaf with another user's certificate takes no log": five + `
		E -> X
		E -> Y
		X: dave adds eve
		Y: eve says
		members: alice* bob* carol* dave eve`,
	"what a cut log admitted is cut with it": five + `
		E -> K -> X
		     K -> L -> Y
		K: bob adds bob/1
		L: bob/1 adds bob/2
		X: bob cuts bob/1
		Y: bob/2 says
		members: alice* bob* carol* dave eve
		void: L Y`,
	"a removal from above undoes a cut that it does not know": five + `
		E -> L -> M -> R
		     L -> T
		L: bob adds bob/1
		M: bob/1 says
		T: bob cuts bob/1
		R: alice removes bob
		members: alice* carol* dave eve
		void: T`,
	"a log that two leaves name needs the more senior one in its past": five + `
		E -> K -> L -> Y
		     K -> S -> Z
		K: bob adds bob/2
		L: bob/2 adds bob/1
		S: bob adds bob/1
		Y: bob/1 says
		Z: bob/1 says
		members: alice* bob* carol* dave eve
		void: Y`,
	"re-admission under a named log shuts out the stolen one": five + `
		E -> L -> X -> G -> Y
		               G -> Z
		L: dave adds dave/1
		X: bob removes dave
		G: bob admits dave/9
		Y: dave/1 says
		Z: dave/9 says
		members: alice* bob* carol* dave eve
		void: Y`,
	"root gives no authority without the grant": five + `
		A -> R -> X -> Y
		E -----------> Y
		R: bob/5 recovers
		X: bob/5 removes carol
		Y: bob/5 says
		members: alice* bob* carol* dave eve
		void: R X`,

	// Keys (K1, K2).
	"a key that does not know a removal is not used": five + `
		E -> M -> N -> K
		E -> X -> J
		M: alice says
		N: alice says
		K: alice rekeys
		X: bob removes dave
		J: carol rekeys
		members: alice* bob* carol* eve
		best: J`,
	"the highest usable key is used; a demotion does not matter": five + `
		E -> J -> K -> X
		J: bob rekeys
		K: alice rekeys
		X: alice demotes bob
		members: alice* bob carol* dave eve
		best: K`,
	"a void key is not used": five + `
		E -> J -> X -> K
		J: carol rekeys
		X: bob removes eve
		K: eve rekeys
		members: alice* bob* carol* dave
		void: K`,
}

func TestStories(t *testing.T) {
	for name, text := range stories {
		s := tell(t, text)
		if d := s.check(resolve(s.dag, rules{}).outcome()); d != "" {
			t.Errorf("%s: the model: %s", name, d)
		}
		if d := s.check(s.folded().outcome(s.dag)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// mutants are the rules, each switched off or bent.
var mutants = map[string]rules{
	"A1: no rank":                             {noRank: true},
	"A1: path before depth":                   {noDepth: true},
	"A1: height before depth":                 {heightRank: true},
	"A1: founders the other way round":        {reverseFounders: true},
	"A2: a founder falls":                     {founderFalls: true},
	"A2: anyone grants":                       {anyoneGrants: true},
	"A2: a powerless demotion counts":         {powerlessDemotes: true},
	"A2: demotion removes":                    {demoteRemoves: true},
	"A2: demotion does nothing":               {demoteKeepsAdmin: true},
	"A2: demotion voids messages":             {strongDemotion: true},
	"A3: removal is weak":                     {weakRemoval: true},
	"A4: no re-add":                           {noReadd: true},
	"A4: a concurrent re-add saves":           {concurrentReadd: true},
	"D1: the grant need not be known":         {noGrantPast: true},
	"D1: a grant admits every log":            {anyLog: true},
	"D1: the leaf need not be known":          {noLeafPast: true},
	"D2: all logs of one rank":                {flatLogs: true},
	"D2: path before depth":                   {noLogDepth: true},
	"D2: parents do not matter":               {noParent: true},
	"D2: height decides":                      {logHeight: true},
	"D2: root last":                           {rootLast: true},
	"D2: the first root wins":                 {oldRoot: true},
	"D3: no cuts":                             {noCut: true},
	"D3: anyone cuts":                         {anyCut: true},
	"D3: a cut is weak":                       {weakCut: true},
	"D4: faults do nothing":                   {noFault: true},
	"D4: a fault voids what does not know it": {wideFault: true},
	"D5: leave is strong":                     {strongLeave: true},
	"the first entry may be anywhere":         {noFirst: true},
	"K1: removals do not matter":              {anyRemovalKey: true},
	"K1: demotions matter":                    {everyKey: true},
	"K2: the lowest key":                      {lowKey: true},
}

// Each rule is needed: without it one of the stories comes out otherwise.
func TestMutants(t *testing.T) {
	for name, m := range mutants {
		caught := false
		for _, text := range stories {
			s := tell(t, text)
			caught = caught || s.check(resolve(s.dag, m).outcome()) != ""
		}
		if !caught {
			t.Errorf("%s: no story notices", name)
		}
	}
}
