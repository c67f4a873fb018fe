// Package dagsync pulls the entries that this node lacks from a peer that has
// them, over one stream for each peer. It does not know what entries say, who
// belongs or how peers are found. See docs/spec/06-sync.md.
package dagsync
