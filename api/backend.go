package api

import (
	"context"
	"io"
	"iter"
	"time"

	"causeway/merkle"
	"causeway/node"
)

// Backend is what the handler needs of a running node; *node.Node implements it.
//
// Targets are strings as a person types them (@name, @uid, #group, #group-id); the node resolves
// them. Errors wrap node.ErrNotFound, node.ErrRefused, node.ErrInvalid or node.ErrClosed where a
// caller can do something about it.
type Backend interface {
	Self(ctx context.Context) (node.Self, error)
	Status(ctx context.Context) (node.Status, error)

	CreateInvite(ctx context.Context, o node.InviteOptions) (node.Invite, error)
	Invites(ctx context.Context) ([]node.Invite, error)
	RevokeInvite(ctx context.Context, id string) error
	Accept(ctx context.Context, link, as string) (node.Contact, error)

	Requests(ctx context.Context) ([]node.Request, error)
	AnswerRequest(ctx context.Context, who string, accept bool) error

	Contacts(ctx context.Context) ([]node.Contact, error)
	RenameContact(ctx context.Context, who, name string) error
	BlockContact(ctx context.Context, who string, block bool) error
	RemoveContact(ctx context.Context, who string) error
	VerifyContact(ctx context.Context, who string) (safetyNumber string, err error)
	MarkVerified(ctx context.Context, who string, yes bool) error

	Send(ctx context.Context, o node.Outgoing) (node.Message, error)
	Log(ctx context.Context, target string, p node.Page) (node.Timeline, error)
	Message(ctx context.Context, id merkle.ID) (node.MessageStatus, error)

	// Events replays the retained events after since, then yields live ones until ctx ends.
	Events(ctx context.Context, since uint64) iter.Seq2[node.Event, error]

	Groups(ctx context.Context) ([]node.Group, error)
	CreateGroup(ctx context.Context, name, history string) (node.Group, error)
	AddMember(ctx context.Context, group, who, history string) error
	RemoveMember(ctx context.Context, group, who string) error
	Promote(ctx context.Context, group, who string) error
	Demote(ctx context.Context, group, who string) error
	LeaveGroup(ctx context.Context, group string) error
	Members(ctx context.Context, group string) ([]node.Member, error)

	AllowCustody(ctx context.Context, who string, max int64, ttl time.Duration) error
	DisallowCustody(ctx context.Context, who string) error
	AddCustodian(ctx context.Context, who string) error
	DropCustodian(ctx context.Context, who string) error
	Custody(ctx context.Context) (node.Custody, error)

	// Export writes one conversation, or all of them when target is empty, to w.
	Export(ctx context.Context, target string, w io.Writer) (node.Transfer, error)
	Import(ctx context.Context, r io.Reader) (node.Transfer, error)

	// Synced says whether nothing is known to be missing and every reachable peer agreed.
	Synced(ctx context.Context, target string) (bool, error)
}
