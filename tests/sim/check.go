package sim

import (
	"fmt"
	"maps"
	"slices"

	"causeway/chat"
	"causeway/group"
	"causeway/identity"
	"causeway/merkle"
	"causeway/store"
)

// labels lists the conversations by name, so that a seed makes one order.
func (w *world) labels() []string { return slices.Sorted(maps.Keys(w.convs)) }

// insiders are the honest nodes that belong to a conversation, as each sees
// itself.
func (w *world) insiders(label string) (out []*device) {
	for _, n := range w.nodes {
		c := n.conv(label)
		if c == nil || n.rival || !c.State().Found {
			continue
		}
		if _, in := c.State().Fold.Member(n.me.UID); in {
			out = append(out, n)
		}
	}
	return out
}

// held returns the entries that a node has delivered, in that order.
func (n *device) held(label string) (ids []merkle.Entry) {
	n.look(func(tx *store.Tx) (err error) {
		ids, err = n.conv(label).DAG().ByOffset(tx, 0, 1<<20)
		return err
	})
	return ids
}

func (n *device) look(f func(tx *store.Tx) error) {
	if err := n.db.View(f); err != nil {
		n.w.violate("errors", "%s reads its store: %v", n.name, err)
	}
}

func (n *device) has(label string, id merkle.ID) (has bool) {
	n.look(func(tx *store.Tx) (err error) {
		has, err = n.conv(label).DAG().Has(tx, id)
		return err
	})
	return has
}

// differ says where honest members do not hold the same of what is looked at, or
// nothing.
func (w *world) differ(at func(n *device, label string) []merkle.Entry) string {
	for _, label := range w.labels() {
		in := w.insiders(label)
		if why := w.absent(label, in); why != "" {
			return why
		}
		for _, n := range in {
			if a, b := digest(at(in[0], label)), digest(at(n, label)); a != b {
				return fmt.Sprintf("in %s %s has %s, %s has %s", label, in[0].name, a, n.name, b)
			}
		}
	}
	return ""
}

// absent says which honest member does not know yet that it is one.
func (w *world) absent(label string, in []*device) string {
	for _, n := range in {
		for _, m := range n.conv(label).State().Fold.Members() {
			of := w.person(m.User)
			if of != nil && !of.rival && !slices.Contains(in, of) && !w.unwelcomed(m.By, of, label) {
				return fmt.Sprintf("%s counts %s as a member of %s, who does not", n.name, of.name, label)
			}
		}
	}
	return ""
}

// unwelcomed excuses somebody who was never told of an admission, because an old
// disk was put back that had not yet written the welcome.
func (w *world) unwelcomed(by identity.UID, of *device, label string) bool {
	granter := w.person(by)
	return granter != nil && (granter.rival || granter.revived) && of.conv(label) == nil
}

// shared returns the entries that a node holds and that others take. Who put an
// old disk back may have written on its log what nobody saw before the fork was
// known: that stays its own (docs/spec/01-log.md, section 7).
func (n *device) shared(label string) (out []merkle.Entry) {
	d := n.conv(label).DAG()
	entries := n.held(label)
	n.look(func(tx *store.Tx) error {
		tips, err := d.Frontier(tx)
		if err != nil {
			return err
		}
		past := d.Past(tx)
		frozen := map[merkle.LogKey]bool{}
		for _, t := range tips {
			if frozen[t.Log], err = d.Frozen(tx, t.Log); err != nil {
				return err
			}
		}
		vouched := func(e merkle.Entry) bool {
			return slices.ContainsFunc(tips, func(t merkle.Tip) bool { return !frozen[t.Log] && past.Before(e.ID, t.Head) })
		}
		for _, e := range entries {
			if !frozen[e.Log] || vouched(e) {
				out = append(out, e)
			}
		}
		return past.Err()
	})
	return out
}

// digest names a set of entries.
func digest(entries []merkle.Entry) string {
	var sum [32]byte
	for _, e := range entries {
		for i := range sum {
			sum[i] ^= e.ID[i]
		}
	}
	return fmt.Sprintf("%d entries %x", len(entries), sum[:4])
}

// checkAll looks at everything that was promised.
func (w *world) checkAll() {
	for _, label := range w.labels() {
		in := w.insiders(label)
		w.checkSaid(label, in)
		w.checkViews(label, in)
		w.checkForks(label, in)
		w.checkLaws(label, in)
		for _, n := range in {
			w.checkOrder(label, n)
			w.checkClocks(label, n)
		}
		w.checkRemoved(label, in)
	}
	for _, n := range w.nodes {
		if n.up {
			w.checkShown(n)
			w.checkCustody(n)
		}
	}
	w.checkStrikes()
}

// checkSaid: no acknowledged message is lost, and who belonged when it was
// written reads it.
func (w *world) checkSaid(label string, in []*device) {
	for _, m := range w.said {
		if m.conv != label || m.by.rival || !slices.Contains(in, m.by) || m.excuse && !w.anywhere(m, in) {
			continue
		}
		for _, n := range in {
			switch {
			case !n.has(label, m.id):
				w.violate("no acknowledged message lost", "%s lacks %q of %s in %s", n.name, m.text, m.by.name, label)
			case !n.reads(label, m.id) && m.by.knew(label, m.id, n):
				w.violate("members read", "%s cannot read %q of %s in %s", n.name, m.text, m.by.name, label)
			}
		}
	}
}

func (w *world) anywhere(m *said, in []*device) bool {
	return slices.ContainsFunc(in, func(n *device) bool { return n.has(m.conv, m.id) })
}

func (n *device) reads(label string, id merkle.ID) (reads bool) {
	n.look(func(tx *store.Tx) error {
		c := n.conv(label)
		_, err := c.Message(tx, c.State(), id)
		reads = err == nil
		return nil
	})
	return reads
}

// knew reports whether the entry that admitted a present member is in the past
// of what was written.
func (n *device) knew(label string, id merkle.ID, member *device) (knew bool) {
	c := n.conv(label)
	m, in := c.State().Fold.Member(member.me.UID)
	if !in {
		return false
	}
	if m.Since == c.ID {
		return true
	}
	n.look(func(tx *store.Tx) (err error) {
		knew, err = c.DAG().Before(tx, m.Since, id)
		return err
	})
	return knew
}

// checkViews: the same members and verdicts, and the same order for all who can
// read the same.
func (w *world) checkViews(label string, in []*device) {
	for _, n := range in[min(1, len(in)):] {
		a, b := in[0].conv(label).State().Fold.Members(), n.conv(label).State().Fold.Members()
		if !slices.EqualFunc(a, b, sameMember) {
			w.violate("same members", "%s and %s differ about %s", in[0].name, n.name, label)
		}
	}
	views, opens := make([][]line, len(in)), make([]map[merkle.ID]bool, len(in))
	for i, n := range in {
		views[i], opens[i] = n.view(label), n.opens(label)
		for j, m := range in[:i] {
			if !sameLines(views[j], views[i], maps.Equal(opens[j], opens[i])) {
				w.violate("same order and verdicts", "%s and %s differ about %s", m.name, n.name, label)
			}
		}
	}
}

// sameLines compares what two see: in order, if they can open the same entries,
// else as sets, since the clock of what one cannot open, be it an ack that is not
// shown, counts as 0 (spec 09, section 5; clocks.go looks at the order of each).
func sameLines(x, y []line, ordered bool) bool {
	if ordered {
		return slices.Equal(x, y)
	}
	both := func(l, other []line) (out []line) {
		for _, e := range l {
			if slices.ContainsFunc(other, func(o line) bool { return o.id == e.id }) {
				out = append(out, e)
			}
		}
		return out
	}
	x, y = both(x, y), both(y, x)
	slices.SortFunc(x, compareLines)
	slices.SortFunc(y, compareLines)
	return slices.Equal(x, y)
}

// opens returns the entries that a node can read, shown or not.
func (n *device) opens(label string) map[merkle.ID]bool {
	out := map[merkle.ID]bool{}
	n.look(func(tx *store.Tx) error {
		c := n.conv(label)
		for _, e := range n.held(label) {
			if _, err := c.Message(tx, c.State(), e.ID); err == nil {
				out[e.ID] = true
			}
		}
		return nil
	})
	return out
}

func sameMember(a, b group.Member) bool {
	return a.User == b.User && a.Role == b.Role && a.Rank == b.Rank && slices.Equal(a.Logs, b.Logs)
}

type line struct {
	id      merkle.ID
	verdict group.Reason
}

func compareLines(a, b line) int { return a.id.Compare(b.id) }

func (n *device) view(label string) (out []line) {
	n.look(func(tx *store.Tx) error {
		page, err := n.conv(label).Timeline(tx, chat.Page{Limit: 1 << 20})
		for _, m := range page {
			out = append(out, line{m.ID, m.Verdict.Reason})
		}
		return err
	})
	return out
}

// checkForks: all find the same logs forked, and none of an honest device.
func (w *world) checkForks(label string, in []*device) {
	var first map[merkle.LogKey]bool
	for i, n := range in {
		forked := map[merkle.LogKey]bool{}
		c := n.conv(label)
		n.look(func(tx *store.Tx) error {
			for _, e := range n.held(label) {
				if _, is, err := c.DAG().Proof(tx, e.Log); err != nil {
					return err
				} else if is {
					forked[e.Log] = true
				}
			}
			return nil
		})
		if i == 0 {
			first = forked
		} else if !maps.Equal(first, forked) {
			w.violate("forked set", "%s and %s know different forks in %s", in[0].name, n.name, label)
		}
		for log := range forked {
			uid, _ := c.State().Fold.UserOf(log)
			of := w.person(uid)
			if of != nil && of.rival && i == 0 {
				w.stats.Forks++
			}
			if of != nil && !of.rival && !of.revived {
				w.violate("forked set", "%s, who is honest, has forked a log of %s", of.name, label)
			}
		}
	}
}

// checkOrder: delivery is a linear extension of causality.
func (w *world) checkOrder(label string, n *device) {
	seen := map[merkle.ID]bool{{}: true}
	for _, e := range n.held(label) {
		for _, p := range append(slices.Clone(e.Parents), e.Prev) {
			if !seen[p] {
				w.violate("causal delivery", "%s delivered %s in %s before what is in its past", n.name, e.ID, label)
			}
		}
		if seen[e.ID] {
			w.violate("nothing twice", "%s delivered %s in %s twice", n.name, e.ID, label)
		}
		seen[e.ID] = true
	}
}

// checkShown: nothing is shown twice.
func (w *world) checkShown(n *device) {
	seen := map[merkle.ID]bool{}
	n.look(func(tx *store.Tx) error {
		for _, v := range tx.Scan(store.Key(store.SpaceTest, byte('s'))) {
			id := merkle.ID(v)
			if seen[id] {
				w.violate("nothing twice", "%s was shown %s twice", n.name, id)
			}
			seen[id] = true
		}
		return nil
	})
}
