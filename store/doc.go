// Package store is the encrypted local database: ordered keys and values,
// serialised transactions, one fsync before anything is acknowledged. It knows
// no network, no protocol and no meaning of what it keeps. See docs/spec/08-store.md.
package store
