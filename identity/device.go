package identity

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"causeway/internal/label"
)

// A Device is the private key of one device of a user. It is also the device's
// log key in the self group.
type Device struct{ secret }

// NewDevice makes a new device key.
func NewDevice() *Device { return &Device{newSecret()} }

// DeviceFromSeed returns the device key of a 32-byte seed.
func DeviceFromSeed(seed [32]byte) *Device { return &Device{fromSeed(seed)} }

// Public returns the device's public key.
func (d *Device) Public() Key { return d.public() }

// Log returns the device key as the signer of the device's log in the self group.
func (d *Device) Log() *LogSigner { return LogSignerFromSeed(d.Seed()) }

// DeriveLog returns the log key for one purpose (a constant of package label)
// and context. The same arguments give the same key for ever, so a device that
// may have lost entries, after a restore, must put something new in context.
func (d *Device) DeriveLog(purpose string, context []byte) *LogSigner {
	seed := d.Seed()
	key, err := hkdf.Expand(sha256.New, seed[:], purpose+"\x00"+string(context), 32)
	if err != nil {
		panic(err) // 32 bytes are within what HKDF gives
	}
	return LogSignerFromSeed([32]byte(key))
}

// Certify vouches for a newer device of the same user.
func (d *Device) Certify(uid UID, device Key) DeviceCert { return certify(&d.secret, uid, device) }

// A DeviceCert says that Issuer, the root or an older device of a user, vouches
// for a device. It does not say that nobody removed the device since.
type DeviceCert struct {
	_      struct{} `cbor:",toarray"`
	Issuer Key
	Device Key
	Sig    [64]byte
}

// Errors that callers decide by.
var (
	// ErrVersion: a record of a version that this program does not know.
	ErrVersion = errors.New("unknown version")
	// ErrChain: certificates that do not lead from the card's root to the device.
	ErrChain = errors.New("certificates do not lead to the user's root")
	// ErrSignature: a signature that does not verify.
	ErrSignature = errors.New("bad signature")
)

type certSigned struct {
	_      struct{} `cbor:",toarray"`
	UID    UID
	Issuer Key
	Device Key
}

func certify(by *secret, uid UID, device Key) DeviceCert {
	c := DeviceCert{Issuer: by.public(), Device: device}
	c.Sig = by.sign(label.DeviceCert, mustEncode(certSigned{UID: uid, Issuer: c.Issuer, Device: device}))
	return c
}

// Verify checks the issuer's signature, for this user.
func (c DeviceCert) Verify(uid UID) error {
	msg := mustEncode(certSigned{UID: uid, Issuer: c.Issuer, Device: c.Device})
	if !verify(c.Issuer, label.DeviceCert, msg, c.Sig) {
		return fmt.Errorf("device certificate: %w", ErrSignature)
	}
	return nil
}

// VerifyChain follows certificates from the card's root, each issued by the
// device before it, and returns the last device (docs/spec/04-people.md, section 3).
func VerifyChain(card Card, chain []DeviceCert) (Key, error) {
	if len(chain) == 0 || len(chain) > MaxChain {
		return Key{}, fmt.Errorf("%w: %d certificates", ErrChain, len(chain))
	}
	uid, issuer := card.UID(), card.Root
	for i, c := range chain {
		if c.Issuer != issuer {
			return Key{}, fmt.Errorf("%w: certificate %d has another issuer", ErrChain, i)
		}
		if err := c.Verify(uid); err != nil {
			return Key{}, err
		}
		issuer = c.Device
	}
	return issuer, nil
}
