package dagsync

import "time"

// An attempt is an offer of mine that has no answer yet.
type attempt struct {
	conv  Conv
	key   Key
	tried int // keys of the conversation that were offered before
	me    boxed
	salt  salt
	view  *view
	dead  bool   // the peer's own offer of the conversation was taken instead
	held  *offer // the peer's own offer, until this one has its answer
}

// offerLater holds what is still to be offered.
type offerLater struct {
	all  bool
	some map[Conv]bool
	at   map[Conv]time.Time // offers that were put off
	last map[Conv][32]byte  // the newest epoch of each conversation when it was last offered or open
	soon bool               // a session has come up that may share more
	old  []*attempt         // failed, to be tried by the epoch before
}

func newOfferLater() offerLater {
	return offerLater{some: map[Conv]bool{}, at: map[Conv]time.Time{}, last: map[Conv][32]byte{}}
}

// offer asks for sessions of these conversations; none named: of all.
func (e *engine) offer(now time.Time, convs []Conv) error {
	e.now = now
	if len(convs) == 0 {
		e.later.all = true
	}
	for _, c := range convs {
		e.later.some[c] = true
		delete(e.later.last, c)
	}
	if !e.greeted {
		return nil
	}
	return e.offerWaiting()
}

// refresh follows a change of the keys.
func (e *engine) refresh(now time.Time) error {
	e.now = now
	if !e.greeted {
		return nil
	}
	e.expect()
	for _, s := range e.inOrder() {
		if e.outdated(s) {
			e.reopen(s)
			continue
		}
		e.share(s)
	}
	return e.offerWaiting()
}

// outdated says that a session is under a log that is not this node's any more.
func (e *engine) outdated(s *session) bool {
	own := e.logs.Own(s.conv)
	return own != noLog && own != s.me.Log
}

// reopen ends such a session, so that the conversation is offered under the new
// log.
func (e *engine) reopen(s *session) {
	e.refuse(s.sid, 0, nackBusy, 0)
	e.drop(s)
	e.later.some[s.conv] = true
	delete(e.later.last, s.conv)
}

// share marks for an offer what the user behind a session may be in too.
func (e *engine) share(s *session) {
	for _, c := range e.logs.Shared(s.conv, s.log) {
		e.later.some[c] = true
	}
}

// offerWaiting offers what was asked for, is not open, and was not offered
// before under its newest epoch.
func (e *engine) offerWaiting() error {
	var offers []offer
	seen := map[Conv]bool{}
	for _, k := range e.logs.Keys() {
		if seen[k.Conv] {
			continue
		}
		seen[k.Conv] = true
		last, offered := e.later.last[k.Conv]
		if !e.later.all && !e.later.some[k.Conv] || offered && last == k.Epoch {
			continue
		}
		o, ok, err := e.makeOffer(k, 0)
		if err != nil {
			return err
		}
		if ok {
			offers = append(offers, o)
		}
		if ok || e.byConv[k.Conv] != nil {
			e.later.last[k.Conv] = k.Epoch
		}
	}
	e.sendOffers(offers)
	return nil
}

func (e *engine) sendOffers(offers []offer) {
	for len(offers) > 0 {
		n := min(maxOffers, len(offers))
		e.push(&open{Offers: offers[:n]})
		offers = offers[n:]
	}
}

// makeOffer prepares an offer by one key. It makes none while the conversation
// is open or being opened, or if this node has no log in it.
func (e *engine) makeOffer(k Key, tried int) (o offer, ok bool, err error) {
	if e.byConv[k.Conv] != nil || e.opening[k.Conv] != 0 || len(e.sessions)+len(e.attempts) >= maxSessions {
		return offer{}, false, nil
	}
	a := &attempt{conv: k.Conv, key: k, tried: tried, salt: rowSalt(k.Syn, e.nextSid, e.ends)}
	o, ok = e.prove(k, e.nextSid, &a.me)
	if !ok {
		return offer{}, false, nil
	}
	if a.view, err = e.look(k.Conv, noLog, a.salt, newView(0)); err != nil {
		return offer{}, false, err
	}
	a.me.Digest = a.salt.digest(a.view.rows())
	o.Box = sealBox(boxKey(k.Syn, e.role, o.Sid, e.ends), o.Tag, a.me)
	e.attempts[o.Sid], e.opening[k.Conv] = a, o.Sid
	e.nextSid += 2
	return o, true, nil
}

// prove fills in the tag and the device proof.
func (e *engine) prove(k Key, sid uint64, b *boxed) (offer, bool) {
	tag := openTag(k.Syn, e.role, e.ends)
	p, err := e.logs.Prove(k.Conv, tag[:])
	if err != nil {
		return offer{}, false // no log of mine in it: nothing to open
	}
	*b = boxed{Log: p.Log, Sig: p.Sig, Credit: sessionCredit, Eager: eagerBytes}
	return offer{Sid: sid, Tag: tag}, true
}

// offerDue repeats offers that were put off.
func (e *engine) offerDue() error {
	var due []Conv
	for c, t := range e.later.at {
		if !e.now.Before(t) {
			delete(e.later.at, c)
			due = append(due, c)
		}
	}
	if len(due) == 0 {
		return nil
	}
	return e.offer(e.now, due)
}

// offerMore offers what the last frame has made possible.
func (e *engine) offerMore() error {
	if len(e.later.old) > 0 && len(e.opening) == 0 { // one OPEN for all of them
		if err := e.offerOlder(); err != nil {
			return err
		}
	}
	if !e.later.soon {
		return nil
	}
	e.later.soon = false
	return e.offerWaiting()
}

// offerOlder repeats what failed by the epoch before: the peer may have been
// left behind.
func (e *engine) offerOlder() error {
	var offers []offer
	keys := e.logs.Keys()
	for _, a := range e.later.old {
		k, ok := olderKey(keys, a.key)
		if !ok || a.tried+1 >= keysTried {
			continue
		}
		o, ok, err := e.makeOffer(k, a.tried+1)
		if err != nil {
			return err
		}
		if ok {
			offers = append(offers, o)
		}
	}
	e.later.old = nil
	e.sendOffers(offers)
	return nil
}

// olderKey returns the epoch before k of the same conversation.
func olderKey(keys []Key, k Key) (older Key, ok bool) {
	found := false
	for _, o := range keys {
		if found && o.Conv == k.Conv {
			return o, true
		}
		found = found || o.Conv == k.Conv && o.Epoch == k.Epoch
	}
	return Key{}, false
}
