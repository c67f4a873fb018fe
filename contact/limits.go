package contact

// Limits of first contact (docs/spec/04-people.md, section 9).
const (
	// MaxHints bounds the address hints of a link or an offer.
	MaxHints = 8
	// MaxHint bounds one address hint, in bytes.
	MaxHint = 256
	// MaxLink bounds the text of a link, white space not counted.
	MaxLink = linkChars + MaxHints*(MaxHint+1)
	// OfferSmall and OfferLarge are the only sizes of a sealed offer, in bytes.
	OfferSmall = 4 << 10
	OfferLarge = 16 << 10
	// RequestSize is the only size of a sealed request, in bytes.
	RequestSize = 16 << 10
	// MaxUses bounds how often one invite can be used.
	MaxUses = 1000
	// MaxInvites bounds the invites that the book keeps.
	MaxInvites = 10_000
	// MaxWaiting bounds the requests that wait for the user.
	MaxWaiting = 64
	// MaxOlder bounds the earlier conversations kept with a contact.
	MaxOlder = 16
	// maxEndingUses bounds the uses, latest last, that the ending of an invite names.
	maxEndingUses = 4
	// maxHot bounds the contacts known by heart.
	maxHot = 1024
	// keepEnded is how long an invite stays known after its expiry, in seconds.
	keepEnded = 30 * 24 * 3600
)
