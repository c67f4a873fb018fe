package mailbox

import (
	"context"
	"crypto/rand"
	"fmt"

	"causeway/internal/label"
	"causeway/internal/wire"
)

// ask sends a frame and reads the answer; ErrRefused and ErrDenied are answers
// too.
func (l *Link) ask(f any) (any, error) {
	if err := l.write(f); err != nil {
		return nil, err
	}
	return l.answer()
}

func (l *Link) answer() (any, error) {
	b, err := l.read(wire.MaxFrame)
	if err != nil {
		return nil, err
	}
	f, err := decodeFrame(b)
	if err != nil {
		return nil, err
	}
	switch f.(type) {
	case *refusedFrame:
		return nil, ErrRefused
	case *deniedFrame:
		return nil, ErrDenied
	}
	return f, nil
}

// as narrows an answer to the one frame that may come here.
func as[T any](f any, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	t, ok := f.(*T)
	if !ok {
		return nil, fmt.Errorf("%w: %T where %T was due", ErrProtocol, f, t)
	}
	return t, nil
}

// greet has the custodian prove its receipt key for a box over both peer ids.
// expect is the key that the caller knows, nil if it knows none yet.
func (l *Link) greet(ctx context.Context, box BoxID, expect *ReceiptKey) (opening, error) {
	l.bind(ctx)
	o := opening{Version: version, Box: box, Custodian: l.remote, Client: l.local}
	rand.Read(o.ClientNonce[:])
	p, err := as[proofFrame](l.ask(&helloFrame{Version: version, Box: box, Nonce: o.ClientNonce}))
	if err != nil {
		return o, err
	}
	o.Receipt, o.CustodianNonce = p.Receipt, p.Nonce
	if expect != nil && *expect != p.Receipt || !verify(p.Receipt, label.MailboxProof, o, p.Sig) {
		return o, ErrImpostor
	}
	return o, nil
}
