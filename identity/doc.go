// Package identity says who signs: the root key of a user, the devices that it
// vouches for, and the leaves by which a device brings a log into a
// conversation. It knows no addresses, no conversations and no contacts. See
// docs/spec/04-people.md, sections 1 to 4.
package identity
