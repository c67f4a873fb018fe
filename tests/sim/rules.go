package sim

import (
	"fmt"
	"slices"
)

// A Rule is a promise that is looked at in every run.
type Rule struct{ Name, Says string }

// Rules are all of them; docs/testing.md shows this list.
var Rules = []Rule{
	{"no acknowledged message lost", "A message whose writer was told that it is safe is with every honest member in the end (unless an old disk was put back that never had it)."},
	{"members read", "Who belonged when it was written, by the writer's own knowledge, can read it."},
	{"convergence", "A minute after the last fault all honest members of a conversation hold the same entries, and whoever is counted a member knows it."},
	{"same members", "All honest members see the same people, roles and logs."},
	{"same order and verdicts", "What two can both read has the same verdicts; it stands in the same order if they can read the same, and with each in the order that the entries it can read give."},
	{"causal delivery", "Nothing is delivered before what is in its past."},
	{"nothing twice", "No entry is delivered twice, and no message is shown twice, crash or not."},
	{"forked set", "All know the same logs as forked, and none of them is an honest device's (unless an old disk was put back there)."},
	{"nothing after removal", "Who was removed holds nothing that has the removal in its past, and cannot read it if it is put into its hand."},
	{"no mark ahead of its fact", "Who is said to have an entry or a parcel has it on disk, or had."},
	{"receipts arrive", "A minute after the last fault its author, a member, is shown as delivered to a member each text that it holds and was meant for (09, section 6; not of a forked log)."},
	{"no key twice", "No two bodies have the same salt, so no key seals twice."},
	{"removal changes the key", "Who removes somebody has a key at once that the removed one was not given."},
	{"seniors stay", "Nobody removes or demotes who founded a group."},
	{"nothing stands after removal", "What a removed member wrote does not stand unless its removal knows it."},
	{"display follows causality", "Nothing is shown above what it may answer."},
	{"no log goes on", "A log of which entries came back from others gets one more entry, which admits another log."},
	{"no mail passed over", "An owner's cursor in its box never stands behind a parcel that it has not read."},
	{"parked mail lost", "What a custodian signed for is with it until it expires, or was taken by its owner."},
	{"tombstones", "A custodian does not take a parcel again that its owner has deleted."},
	{"quota", "A custodian keeps no more for anybody than it agreed to."},
	{"parcels", "What an owner collects, it can open and read."},
	{"custodians are blind", "What a custodian stores contains no plain text, no log and nobody but the owners."},
	{"no honest peer struck", "No honest node holds anything against another."},
	{"restart", "What stopped, in good order or not, starts again from its disk."},
	{"errors", "Nothing fails but what may fail: a right that is missing, a disk that is full."},
	{"back to baseline", "A run leaves no goroutine behind."},
	{"plan", "Whom a plan names takes part in it."},
}

// unmet is the rule of a run that did not break what it was to break.
const unmet = "wrong"

// Failures are what speaks against a run: the promises that it broke, or, if its
// plan names a rule that must be broken, whatever differs from that.
func (p *Plan) Failures(broken []Violation) []Violation {
	if p.Wrong == "" {
		return broken
	}
	others := slices.DeleteFunc(slices.Clone(broken), func(v Violation) bool { return v.Rule == p.Wrong })
	if len(others) == len(broken) {
		others = append(others, Violation{At: p.Length, Rule: unmet, Text: fmt.Sprintf("%q was to be broken, and was not", p.Wrong)})
	}
	return others
}
