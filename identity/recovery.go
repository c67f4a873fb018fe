package identity

import "causeway/internal/label"

type recoverySigned struct {
	_    struct{} `cbor:",toarray"`
	Leaf [32]byte
}

// Recover signs a leaf with the root key: its log is admitted by the recovery
// words alone, whatever the user's devices say (docs/spec/04-people.md, section 4).
func (r *Root) Recover(l *Leaf) [64]byte {
	return r.sign(label.LeafRecovery, mustEncode(recoverySigned{Leaf: l.Digest()}))
}

// VerifyRecovery checks what Recover signed. An error wraps ErrSignature.
func (l *Leaf) VerifyRecovery(sig []byte) error {
	msg := mustEncode(recoverySigned{Leaf: l.Digest()})
	if len(sig) != 64 || !verify(l.Card.Root, label.LeafRecovery, msg, [64]byte(sig)) {
		return ErrSignature
	}
	return nil
}
