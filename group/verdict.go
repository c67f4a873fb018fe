package group

import "causeway/merkle"

// Reason says why an entry stands or is void. Later reasons are of entries that
// came further through the rules.
type Reason uint8

// The reasons (spec 02, section 7). "After" means: not in the past of the entry
// that decided, whatever any clock says.
const (
	Stands Reason = iota
	Unknown
	Unrooted
	NotAdmitted
	NoRight
	Forked
	CutOff
	Left
	Removed
)

func (r Reason) String() string {
	return [...]string{
		Stands:      "stands",
		Unknown:     "written on a log that nobody brought in",
		Unrooted:    "written on a log that does not begin at its admission",
		NotAdmitted: "written without knowing of its author's admission",
		NoRight:     "its author had no right to do this",
		Forked:      "written after its log was known to have forked",
		CutOff:      "written on a device after it was cut off",
		Left:        "written after its author left",
		Removed:     "written after its author was removed",
	}[r]
}

// A Verdict on one entry. It is the same wherever the same entries are known.
type Verdict struct {
	Reason Reason
	By     merkle.ID // the removal, leave, cut or fault that decided; zero: none
}

// Live reports whether the entry stands.
func (v Verdict) Live() bool { return v.Reason == Stands }

func (v Verdict) String() string { return v.Reason.String() }
