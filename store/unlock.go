package store

// Unlock is the secret that opens a store: Passphrase or KeyFile.
type Unlock struct {
	passphrase []byte
	keyFile    string
}

// Passphrase opens a store by Argon2id of what a person types.
func Passphrase(p []byte) Unlock { return Unlock{passphrase: p} }

// KeyFile opens a store by a random key in a file of its own, mode 0600;
// Create makes the file. Whoever reads that file reads the store.
func KeyFile(path string) Unlock { return Unlock{keyFile: path} }
