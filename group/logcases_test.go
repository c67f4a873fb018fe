package group

var logStories = map[string]string{
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
	"the price of that: adding a log a second time voids what was acknowledged": five + `
		E -> K -> L -> Y -> S -> Z
		K: bob adds bob/2
		L: bob/2 adds bob/1
		Y: bob/1 says
		S: bob adds bob/1
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
