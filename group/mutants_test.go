package group

import "testing"

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
		for _, text := range stories() {
			s := tell(t, text)
			caught = caught || s.check(resolve(s.dag, m).outcome()) != ""
		}
		if !caught {
			t.Errorf("%s: no story notices", name)
		}
	}
}
