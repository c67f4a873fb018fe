package dht

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Network names a place where nodes find each other: [Public], [LAN], [None]
// or "private:NAME".
type Network string

const (
	// Public is the DHT of IPFS, which is there for everyone.
	Public Network = "public"
	// LAN is whoever mDNS shows on the local network.
	LAN Network = "lan"
	// None finds nobody; it stands alone. Peers can still be dialled.
	None Network = "none"
)

const (
	privatePrefix = "private:"
	// dhtPrefix and the name of a network make the prefix of its Kademlia
	// protocol: /causeway/NAME/kad/1.0.0.
	dhtPrefix = "/causeway/"
	// lanService is the DNS-SD service under which nodes of one LAN meet.
	lanService = "_causeway._udp"
)

// ErrNetwork is returned for a network that cannot be, with the reason.
var ErrNetwork = errors.New("bad network")

// ParseNetwork reads a network as people write it: public, private:NAME, lan
// or none. NAME is 1 to 64 letters, digits, dots, dashes and underscores.
func ParseNetwork(s string) (Network, error) {
	n := Network(s)
	name, private := n.Private()
	switch {
	case n == Public, n == LAN, n == None:
		return n, nil
	case !private:
		return "", fmt.Errorf("%w %q: write public, private:NAME, lan or none", ErrNetwork, s)
	case name == "" || len(name) > maxNetworkName:
		return "", fmt.Errorf("%w %q: a name has 1 to %d bytes", ErrNetwork, s, maxNetworkName)
	case strings.Trim(name, nameBytes) != "" || strings.Trim(name, ".") == "":
		return "", fmt.Errorf("%w %q: a name is made of letters, digits, '.', '-' and '_'", ErrNetwork, s)
	case name == string(LAN):
		return "", fmt.Errorf("%w %q: that name is taken by the network of mDNS", ErrNetwork, s)
	}
	return n, nil
}

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

// Private returns the name of a private network, and whether n is one.
func (n Network) Private() (name string, ok bool) {
	return strings.CutPrefix(string(n), privatePrefix)
}

// protocolPrefix is the part of the Kademlia protocol id before /kad/1.0.0.
func (n Network) protocolPrefix() string {
	if name, ok := n.Private(); ok {
		return dhtPrefix + name
	}
	return dhtPrefix + string(n)
}

// CheckNetworks refuses what ParseNetwork would, the same network twice, and
// None beside others.
func CheckNetworks(list []Network) error {
	for i, n := range list {
		if _, err := ParseNetwork(string(n)); err != nil {
			return err
		}
		if slices.Contains(list[:i], n) {
			return fmt.Errorf("%w %q: it is named twice", ErrNetwork, n)
		}
		if n == None && len(list) > 1 {
			return fmt.Errorf("%w %q: it stands alone, so leave it or the others out", ErrNetwork, n)
		}
	}
	return nil
}
