package identity

import "causeway/internal/label"

// Recover signs a leaf with the root key: its log is admitted by the recovery
// words alone, whatever the user's devices say (docs/spec/04-people.md, section 4).
func (r *Root) Recover(l *Leaf) [64]byte {
	d := l.Digest()
	return r.sign(label.LeafRecovery, mustEncode(d[:]))
}

// VerifyRecovery checks what Recover signed. An error wraps ErrSignature.
func (l *Leaf) VerifyRecovery(sig []byte) error {
	d := l.Digest()
	if len(sig) != 64 || !verify(l.Card.Root, label.LeafRecovery, mustEncode(d[:]), [64]byte(sig)) {
		return ErrSignature
	}
	return nil
}
