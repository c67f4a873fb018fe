package tests

import "strings"

// room is a row of the table of the house (docs/architecture.md): a folder may
// import only folders of earlier rows.
type room struct {
	dir   string
	third []string // modules that its code may use
	never []ban
}

// ban is an import that would let a room know what it must not, and why.
// "x/..." stands for x and all below it.
type ban struct{ path, why string }

const (
	cbor    = "github.com/fxamacker/cbor/v2"
	pebble  = "github.com/cockroachdb/pebble/v2"
	xcrypto = "golang.org/x/crypto"
	bip39   = "github.com/tyler-smith/go-bip39"
	gocid   = "github.com/ipfs/go-cid"
	formats = "github.com/multiformats"
	p2p     = "github.com/libp2p"
	huma    = "github.com/danielgtaylor/huma/v2"
)

// What keeps meaning pure and the network thin.
var (
	noNetwork  = ban{"net/...", "meaning is pure: no sockets here"}
	noFiles    = ban{"os/...", "meaning is pure: no files here"}
	noClock    = ban{"time", "rules and keys do not depend on a clock"}
	noPrograms = ban{"encoding/json", "how programs see things is the business of api"}
	noHTTP     = ban{"net/http/...", "how programs see things is the business of api"}
)

func never(why string, rooms ...string) (bans []ban) {
	for _, r := range rooms {
		bans = append(bans, ban{module + r, why})
	}
	return bans
}

func all(lists ...[]ban) (bans []ban) {
	for _, l := range lists {
		bans = append(bans, l...)
	}
	return bans
}

var rooms = []room{
	{dir: "internal/label", never: []ban{noNetwork, noFiles, noClock}},
	{dir: "internal/wire", third: []string{cbor}, never: []ban{noNetwork, noFiles, noClock}},
	{dir: "internal/planted", never: []ban{noNetwork, noClock}},
	{dir: "store", third: []string{pebble, xcrypto}, never: []ban{noNetwork}},
	{dir: "identity", third: []string{xcrypto, bip39}, never: []ban{noNetwork}},
	{dir: "merkle", third: []string{gocid, formats}, never: all([]ban{noNetwork, noFiles, noClock},
		never("a log does not know whose it is", "identity"))},
	{dir: "seal", third: []string{xcrypto}, never: all([]ban{noNetwork, noFiles, noClock},
		never("no logs and no files in the keys", "merkle", "store"))},
	{dir: "blob", never: []ban{noNetwork}},
	{dir: "group", never: all([]ban{noNetwork, noFiles, noClock},
		never("who belongs depends on the entries alone, not on keys or storage", "seal", "store"))},
	{dir: "chat", never: []ban{noNetwork, noPrograms}},
	{dir: "contact", never: []ban{noNetwork}},
	{dir: "dht", third: []string{p2p, gocid, formats}, never: never("finding knows tags and hosts, no people and no conversations",
		"store", "identity", "merkle", "seal", "blob", "group", "chat", "contact")},
	{dir: "sync", third: []string{p2p, formats, xcrypto}, never: never("sync does not know what entries say",
		"identity", "seal", "group", "chat", "contact", "dht")},
	{dir: "mailbox", third: []string{p2p, formats, xcrypto}, never: never("a custodian knows neither what a parcel holds nor who sent it",
		"identity", "merkle", "group", "chat", "contact", "dht", "sync")},
	{dir: "node", third: []string{p2p, formats}, never: []ban{noPrograms, noHTTP}},
	{dir: "api", third: []string{huma}, never: all([]ban{{p2p + "/...", "programs see people and messages, not connections"}},
		never("programs see people and messages, not keys or bytes", "store", "seal", "chat", "dht", "sync", "mailbox"))},
	{dir: "tui", third: []string{"charm.land"}, never: onlyAPI},
	{dir: "web", never: append([]ban{{module + "api", "the page speaks to the API over HTTP"}, {module + "node", "the page speaks to the API over HTTP"}}, onlyAPI...)},
	{dir: "tests", third: []string{p2p, "github.com/marcopolo/simnet", "github.com/quic-go/quic-go", "go.uber.org/fx", "github.com/rogpeppe/go-internal"}},
	{dir: "tests/sim", third: []string{p2p, pebble}},
	{dir: "cmd/peer", third: []string{"github.com/spf13", "golang.org/x/term", "rsc.io/qr", "github.com/pelletier/go-toml/v2"},
		never: never("a command asks the node or the API; it knows no logs, keys or protocols",
			"internal/wire", "merkle", "seal", "group", "chat", "sync", "mailbox")},
	{dir: "bench", third: []string{p2p, formats}, never: never("what is measured is the node as the product runs it",
		"internal/wire", "seal", "group", "chat", "sync", "mailbox")},
}

var onlyAPI = never("a face knows the API and nothing else", "internal/wire", "store", "identity", "merkle", "seal", "blob",
	"group", "chat", "contact", "dht", "sync", "mailbox", "node")

// roomOf returns the row of a folder, or -1.
func roomOf(dir string) int {
	for i, r := range rooms {
		if r.dir == dir {
			return i
		}
	}
	return -1
}

// matches reports whether an import path is the one named, or below it if the
// name ends in "/...".
func matches(path, name string) bool {
	if tree, ok := strings.CutSuffix(name, "/..."); ok {
		return path == tree || strings.HasPrefix(path, tree+"/")
	}
	return path == name
}
