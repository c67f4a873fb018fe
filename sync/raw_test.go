package dagsync

import (
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"causeway/merkle"
)

// A raw peer speaks to the engine of a victim, one frame at a time, as the
// dialer and without any manners.
type raw struct {
	t      testing.TB
	user   user
	e      *engine // the victim's
	now    time.Time
	nonce  nonce
	ends   ends
	sid    uint64
	salt   salt
	them   boxed // what the victim has proven
	credit uint64
}

func newRaw(t testing.TB, victim *node, u user) *raw {
	return rawOver(t, victim, u, config{ledger: newLedger(), leases: newLeases()})
}

// rawOver takes the ledger and leases of the victim's node from c.
func rawOver(t testing.TB, victim *node, u user, c config) *raw {
	r := &raw{t: t, user: u, now: time.Unix(1_800_000_000, 0), nonce: nonce{1}, credit: sessionCredit}
	c.logs, c.self, c.peer, c.role, c.nonce = victim, victim.id, peer.ID("peer of "+u.name), listener, nonce{2}
	r.e = newEngine(c, r.now)
	r.ends = newEnds([2]nonce{r.nonce, c.nonce}, [2]peer.ID{c.peer, c.self})
	return r
}

// send gives the victim a frame and returns its reply.
func (r *raw) send(f frame) []frame {
	r.t.Helper()
	got, err := r.try(f)
	if err != nil {
		r.t.Fatalf("%T: %v", f, err)
	}
	return got
}

func (r *raw) try(f frame) ([]frame, error) { return r.tryBytes(encode(f)) }

func (r *raw) tryBytes(p []byte) ([]frame, error) {
	if err := r.e.handle(r.now, p); err != nil {
		return nil, err
	}
	return r.drain()
}

// drain takes what the victim has to send.
func (r *raw) drain() (out []frame, err error) {
	for {
		if err := r.e.tick(r.now); err != nil {
			return out, err
		}
		p, err := r.e.next(r.now)
		if p == nil || err != nil {
			return out, err
		}
		f, err := decode(p)
		if err != nil {
			r.t.Fatalf("the victim sends what does not decode: %v", err)
		}
		if es, ok := f.(*entries); ok {
			es.unpack()
		}
		out = append(out, f)
	}
}

func (r *raw) hello() []frame {
	r.t.Helper()
	return r.send(&hello{Version: 1, MaxFrame: maxFrame, MaxInflight: streamCredit, Nonce: r.nonce})
}

// offerBy is an offer by a key, with the user's proof.
func (r *raw) offerBy(k Key) offer {
	r.sid += 2
	o := offer{Sid: r.sid, Tag: openTag(k.Syn, dialer, r.ends)}
	b := boxed{Log: r.user.log(), Sig: r.user.Sign(ProofMessage(o.Tag[:])), Credit: r.credit, Eager: eagerBytes}
	o.Box = sealBox(boxKey(k.Syn, dialer, o.Sid, r.ends), o.Tag, b)
	r.salt = rowSalt(k.Syn, o.Sid, r.ends)
	return o
}

// open opens the group and returns what follows the answer.
func (r *raw) open() []frame {
	r.t.Helper()
	r.hello()
	k := synKey(group, 1)
	got := r.send(&open{Offers: []offer{r.offerBy(k)}})
	answer, ok := got[0].(*open)
	if !ok {
		r.t.Fatalf("the offer is answered by %#v", got[0])
	}
	if r.them, ok = openBox(boxKey(k.Syn, listener, r.sid, r.ends), answer.Offers[0]); !ok {
		r.t.Fatal("the victim's proof is bad")
	}
	return got[1:]
}

// claim sends a STATE with one row for an entry.
func (r *raw) claim(log merkle.LogKey, id merkle.ID, seq uint64) []frame {
	r.t.Helper()
	return r.send(&state{rows{Sid: r.sid, Rows: []row{{r.salt.log(log), r.salt.head(id), seq}}}})
}

// find returns the first frame of a type.
func find[F frame](fs []frame) (f F, ok bool) {
	for _, g := range fs {
		if f, ok = g.(F); ok {
			return f, true
		}
	}
	return f, false
}

func wantProtocolError(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, errProtocol) {
		t.Fatalf("error %v, want one that blames the peer", err)
	}
}
