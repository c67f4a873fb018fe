package dht

import "time"

// Bounds on what others can make this package keep or do.
const (
	// maxProviders bounds the peers that one lookup of one tag may name.
	maxProviders = 64
	// maxAddrs bounds the addresses kept of one peer.
	maxAddrs = 16
	// maxNearby bounds the peers of the local network that are remembered, and
	// those that wait to be greeted.
	maxNearby = 64
	// maxNetworkName is the length of a private network's name in bytes.
	maxNetworkName = 64
	// publishers is how many members of a group publish on one day, on average.
	publishers = 16
)

// Connections: a desktop node keeps few, because idle cost follows them; a
// node that serves a DHT keeps more.
const (
	desktopLow, desktopHigh = 24, 48
	serverLow, serverHigh   = 192, 256
	connGrace               = time.Minute

	// Homes, offices and carriers put many people behind one address, where
	// libp2p's defaults are 8 connections and one new one in 5 s.
	connsPerIP4    = 64
	connsPerIP6Net = 256
	newConnsPerSec = 4
	newConnsBurst  = 64
)

// Lookups.
const (
	findFirstRetry = 500 * time.Millisecond // then 2, 8, 32 s: each four times the last
	findLastRetry  = time.Minute
	findRound      = time.Minute // one round over all networks at most
)

// Publishing. A provider record lives 48 h and its addresses 24 h at the nodes
// that hold it.
const (
	republishMin   = 6 * time.Hour
	republishMax   = 11 * time.Hour
	publishTimeout = 2 * time.Minute
	publishAtOnce  = 4 // tags being published at the same time
	publishFirst   = 30 * time.Second
	publishLast    = 10 * time.Minute
	// addressSettle lets a burst of address changes end before publishing.
	addressSettle = 5 * time.Second
	// hurryGap is the least time between two publishings of all tags.
	hurryGap = 20 * time.Second
	// dayJitter spreads the change of tags after midnight UTC; lookups cover
	// the day before and after, so nobody is missed.
	dayJitter = 30 * time.Minute
	// clockCheck bounds how long a jump of the wall clock goes unseen.
	clockCheck = 15 * time.Minute
)

// Bootstrap and the local network.
const (
	dialTimeout    = 15 * time.Second
	dialAtOnce     = 4
	bootstrapFirst = time.Second
	bootstrapLast  = 5 * time.Minute
	// steady is how long a connection to a network lasts before its loss is
	// answered at once again instead of with the next longer wait.
	steady = time.Minute
	// serveWait is how long a bootstrap peer may take to show that it serves the
	// DHT; kad-dht itself gives it 10 s.
	serveWait = 12 * time.Second
	// pollFirst is the first wait for the routing table to fill; it doubles.
	pollFirst   = 25 * time.Millisecond
	idleCheck   = 5 * time.Minute
	lanFirst    = 5 * time.Second
	lanLast     = 5 * time.Minute
	greetAtOnce = 4
)
