package identity

// Limits of the identity records (docs/spec/04-people.md, section 4).
const (
	// MaxName bounds a name, in bytes of UTF-8.
	MaxName = 64
	// MaxChain bounds the certificates between a root and a device.
	MaxChain = 16
	// MaxLeaf bounds an encoded leaf, in bytes.
	MaxLeaf = 4 << 10
	// KEMSize is the length of an X-Wing public key, in bytes.
	KEMSize = 1216
	// MaxKEMGen bounds the number of a KEM generation.
	MaxKEMGen = 1 << 53
	// WordCount is the number of words that hold a root key.
	WordCount = 24
)
