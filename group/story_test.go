package group

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A story is a drawing of a DAG, what each entry says and what comes of it:
//
//	A -> B -> C        arrows go from parent to child; a name may come again
//	     B -> D
//	A: alice founds
//	B: alice promotes bob
//	...
//	members: alice* bob*    (* is an admin)
//	void: D
//
// Entries are put in the order of the lines that say them, and their ids ascend
// so. An entry's prev is the newest entry of its log in its drawn past; the
// first entry of a log gets the newest one that admits it as a parent, if that
// is in its past, unless it says "unrooted". alice/2 is alice's log number 2,
// alice is number 0.
type story struct {
	*dag
	ids   map[string]int
	users []string
	want  outcome
	edges map[string][]string
	said  []string
}

// five is the group of most stories: a founder, two admins, two members.
const five = `
	A -> B -> C -> D -> E
	A: alice founds
	B: alice promotes bob
	C: alice promotes carol
	D: alice admits dave
	E: alice admits eve`

func tell(t testing.TB, text string) *story {
	t.Helper()
	s := &story{dag: newDAG(), ids: map[string]int{}, want: newOutcome(), edges: map[string][]string{}}
	void := ""
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "  #")
		head, rest, says := strings.Cut(line, ": ")
		switch {
		case strings.TrimSpace(line) == "":
		case strings.Contains(line, "->"):
			s.draw(strings.Split(line, "->"))
		case !says:
			t.Fatalf("story: %q", line)
		case head == "members":
			s.expect(rest)
		case head == "void":
			void = rest
		case head == "best":
			s.want.best = s.ids[rest]
		default:
			if err := s.say(head, strings.Fields(rest)); err != nil {
				t.Fatalf("story: %q: %v", line, err)
			}
		}
	}
	for _, n := range s.said {
		if !slices.Contains(strings.Fields(void), n) {
			s.want.live[s.ids[n]] = true
		}
	}
	return s
}

func (s *story) draw(chain []string) {
	for i, n := range chain {
		chain[i] = strings.Trim(n, " -")
		if i > 0 {
			s.edges[chain[i]] = append(s.edges[chain[i]], chain[i-1])
		}
	}
}

func (s *story) expect(members string) {
	for _, m := range strings.Fields(members) {
		name, admin := strings.CutSuffix(m, "*")
		s.want.member[s.user(name)] = true
		if admin {
			s.want.admin[s.user(name)] = true
		}
	}
}

func (s *story) user(name string) int {
	if i := slices.Index(s.users, name); i >= 0 {
		return i
	}
	s.users = append(s.users, name)
	return len(s.users) - 1
}

// device reads alice/2.
func (s *story) device(name string) (user, log int) {
	name, n, _ := strings.Cut(name, "/")
	if n != "" {
		fmt.Sscan(n, &log)
	}
	return s.user(name), log
}

func (s *story) say(name string, words []string) error {
	if s.ids[name] != 0 {
		return fmt.Errorf("%s is said twice", name)
	}
	e := &entry{id: len(s.said) + 1}
	e.author, e.log = s.device(words[0])
	unrooted := words[len(words)-1] == "unrooted"
	if unrooted {
		words = words[:len(words)-1]
	}
	if err := s.verb(e, words[1], words[2:]); err != nil {
		return err
	}
	for _, p := range s.edges[name] {
		if s.ids[p] == 0 {
			return fmt.Errorf("parent %s is not said yet", p)
		}
		e.deps = append(e.deps, s.ids[p])
	}
	e.back = s.newest(e.deps, func(o *entry) bool { return o.author == e.author && o.log == e.log })
	if e.back == 0 && !unrooted {
		admits := s.newest(e.deps, func(o *entry) bool {
			op := o.op()
			return op.names(logOf(e.author, e.log))
		})
		if admits != 0 && !slices.Contains(e.deps, admits) {
			e.deps = append(e.deps, admits)
		}
	}
	s.ids[name] = e.id
	s.said = append(s.said, name)
	s.put(e)
	return nil
}

// newest finds the highest entry in the past that deps draw.
func (s *story) newest(deps []int, is func(*entry) bool) int {
	id := 0
	for _, o := range s.es {
		in := slices.ContainsFunc(deps, func(d int) bool { return d == o.id || s.before(o.id, d) })
		if in && is(o) && (id == 0 || s.get(id).height <= o.height) {
			id = o.id
		}
	}
	return id
}

func (s *story) verb(e *entry, verb string, rest []string) error {
	object := ""
	if len(rest) > 0 {
		object = rest[0]
	}
	switch verb {
	case "founds":
		e.kind, e.founders = Found, []int{e.author}
		for _, n := range rest[min(1, len(rest)):] { // with bob carol
			e.founders = append(e.founders, s.user(n))
		}
	case "admits", "promotes":
		e.kind, e.admin = Grant, verb == "promotes"
		e.target, e.named = s.device(object)
	case "removes":
		e.kind, e.target = Revoke, s.user(object)
	case "demotes":
		e.kind, e.target = Demote, s.user(object)
	case "leaves":
		e.kind = Leave
	case "adds", "cuts":
		e.kind = Leaf
		if e.add = verb == "adds"; e.add {
			of, n := s.device(object)
			if e.named = n; of != e.author {
				e.of = of
			}
		}
		s.cuts(e, rest)
	case "recovers":
		e.kind, e.add, e.root, e.named = Leaf, true, true, e.log
		s.cuts(e, rest)
	case "faults":
		e.kind = Fault
		e.target, e.named = s.device(object)
	case "says":
	case "rekeys":
		e.rekey = true
	default:
		return fmt.Errorf("verb %q", verb)
	}
	return nil
}

// cuts reads "bob/2 cutting bob bob/1" and "bob/1".
func (s *story) cuts(e *entry, rest []string) {
	if i := slices.Index(rest, "cutting"); i >= 0 {
		rest = rest[i+1:]
	} else if e.add {
		return
	}
	for _, l := range rest {
		_, n := s.device(l)
		e.cut = append(e.cut, n)
	}
}

// check compares what came of the story with what it says comes of it. Usable
// keys are compared only where it names the best.
func (s *story) check(got outcome) string {
	want := s.want
	want.usable = got.usable
	if want.best == 0 {
		want.best = got.best
	}
	return got.diff(want)
}
