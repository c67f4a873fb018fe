// Package mailbox parks sealed parcels with a custodian until their owner
// collects them. It does not know what a parcel holds, who sent it, or who the
// owner of a box is. See docs/spec/07-mailbox.md.
//
// The custodian's side is a state machine over store transactions with an
// explicit time (Custodian, session); streams only carry its frames. The other
// side is three sessions over a Link: the owner's Box, the sender's Depositor,
// and a joiner's FetchOffer.
package mailbox
