// Package label holds every signing purpose, key-derivation label and protocol
// id of Causeway, so that no two uses of a key can be mistaken for each other.
// It knows nothing else. See docs/spec/00-overview.md, section 3.
package label

// merkle, docs/spec/01-log.md
const (
	// LogEntry precedes the header fields that a log key signs.
	LogEntry = "causeway/1 log entry"
)

// dht, docs/spec/05-finding.md
const (
	// Rendezvous derives the tag under which a publisher is found on one day.
	Rendezvous = "causeway/1 rendezvous tag"
	// PublisherLottery draws the members of a group who publish on one day.
	PublisherLottery = "causeway/1 publisher lottery"
	// DHTPrefix and the name of a private network make the prefix of its
	// Kademlia protocol: /causeway/NAME/kad/1.0.0.
	DHTPrefix = "/causeway/"
	// LANService is the DNS-SD service under which nodes of one LAN meet.
	LANService = "_causeway._udp"
)

// identity, docs/spec/04-people.md
const (
	// CardSalt derives the salt of a card from the seed of its root.
	CardSalt = "causeway/1 card salt"
	// DeviceCert precedes what an issuer signs to vouch for a device.
	DeviceCert = "causeway/1 device certificate"
	// Leaf precedes what a device signs to bring a log into a conversation.
	Leaf = "causeway/1 leaf"
	// LeafPossession precedes what a log key signs to say whose log it is.
	LeafPossession = "causeway/1 possession of log"
	// SafetyNumber starts the hash chain behind a user's digits.
	SafetyNumber = "causeway/1 safety number"
)
