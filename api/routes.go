package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"causeway/merkle"
	"causeway/node"

	"github.com/danielgtaylor/huma/v2"
)

type none struct{}

type who struct {
	Who string `path:"who" maxLength:"512" doc:"@name or @uid"`
}

func nodeRoutes(api huma.API, b Backend) {
	handle(api, http.MethodGet, "/v1/self", "self", "Who I am", func(ctx context.Context, _ *none) (Self, error) {
		s, err := b.Self(ctx)
		return self(s), err
	})
	handle(api, http.MethodGet, "/v1/status", "status", "Health, and what to do about it", func(ctx context.Context, _ *none) (Status, error) {
		s, err := b.Status(ctx)
		return status(s), err
	})
	type target struct {
		Target string `query:"target" doc:"@contact or #group; empty: everything"`
	}
	handle(api, http.MethodGet, "/v1/synced", "synced", "Is nothing known to be missing?", func(ctx context.Context, in *target) (Done, error) {
		ok, err := b.Synced(ctx, in.Target)
		return Done{OK: ok}, err
	})
}

func peopleRoutes(api huma.API, b Backend) {
	inviteRoutes(api, b)
	type answer struct {
		Who  string `path:"who" maxLength:"512" doc:"@name or @uid"`
		Body Answer
	}
	handle(api, http.MethodGet, "/v1/requests", "requests", "Who asks to become a contact", func(ctx context.Context, _ *none) (Requests, error) {
		l, err := b.Requests(ctx)
		return Requests{Requests: each(l, request)}, err
	})
	handle(api, http.MethodPost, "/v1/requests/{who}", "answer-request", "Accept or decline a request", func(ctx context.Context, in *answer) (Done, error) {
		return done(b.AnswerRequest(ctx, in.Who, in.Body.Accept))
	})
	type change struct {
		Who  string `path:"who" maxLength:"512" doc:"@name or @uid"`
		Body ContactChange
	}
	handle(api, http.MethodGet, "/v1/contacts", "contacts", "The address book", func(ctx context.Context, _ *none) (Contacts, error) {
		l, err := b.Contacts(ctx)
		return Contacts{Contacts: each(l, contact)}, err
	})
	handle(api, http.MethodPatch, "/v1/contacts/{who}", "change-contact", "Rename, block or unblock, mark as verified", func(ctx context.Context, in *change) (Done, error) {
		return done(changeContact(ctx, b, in.Who, in.Body))
	})
	handle(api, http.MethodDelete, "/v1/contacts/{who}", "remove-contact", "Forget a contact", func(ctx context.Context, in *who) (Done, error) {
		return done(b.RemoveContact(ctx, in.Who))
	})
	handle(api, http.MethodGet, "/v1/contacts/{who}/safety-number", "safety-number", "What two people compare", func(ctx context.Context, in *who) (SafetyNumber, error) {
		n, err := b.VerifyContact(ctx, in.Who)
		return SafetyNumber{SafetyNumber: n}, err
	})
}

func inviteRoutes(api huma.API, b Backend) {
	type create struct{ Body NewInvite }
	handle(api, http.MethodPost, "/v1/invites", "invite", "Make a one-time link", func(ctx context.Context, in *create) (Invite, error) {
		i, err := b.CreateInvite(ctx, node.InviteOptions{Expires: time.Duration(in.Body.ExpiresIn) * time.Second, Uses: in.Body.Uses})
		return invite(i), err
	})
	handle(api, http.MethodGet, "/v1/invites", "invites", "Links given away", func(ctx context.Context, _ *none) (Invites, error) {
		l, err := b.Invites(ctx)
		return Invites{Invites: each(l, invite)}, err
	})
	type id struct {
		ID string `path:"id" maxLength:"128"`
	}
	handle(api, http.MethodDelete, "/v1/invites/{id}", "revoke-invite", "Take a link back", func(ctx context.Context, in *id) (Done, error) {
		return done(b.RevokeInvite(ctx, in.ID))
	})
	type accept struct{ Body NewContact }
	handle(api, http.MethodPost, "/v1/contacts", "accept", "Accept an invite", func(ctx context.Context, in *accept) (Accepted, error) {
		c, err := b.Accept(ctx, strings.TrimSpace(in.Body.Invite), in.Body.As)
		return Accepted{Contact: contact(c), State: string(c.State), Reached: c.Reached}, err
	})
}

func changeContact(ctx context.Context, b Backend, who string, c ContactChange) error {
	if c.Name != nil {
		if err := b.RenameContact(ctx, who, *c.Name); err != nil {
			return err
		}
		who = "@" + strings.TrimPrefix(*c.Name, "@")
	}
	if c.Blocked != nil {
		if err := b.BlockContact(ctx, who, *c.Blocked); err != nil {
			return err
		}
	}
	if c.Verified != nil {
		return b.MarkVerified(ctx, who, *c.Verified)
	}
	return nil
}

func chatRoutes(api huma.API, b Backend) {
	type send struct{ Body NewMessage }
	handle(api, http.MethodPost, "/v1/messages", "send", "Write a message; answers when it is on disk", func(ctx context.Context, in *send) (Sent, error) {
		if n := len(in.Body.Text); n > MaxText {
			return Sent{}, TooLong(n)
		}
		reply, err := parseLink("reply", in.Body.Reply)
		if err != nil {
			return Sent{}, err
		}
		m, err := b.Send(ctx, node.Outgoing{Target: in.Body.Target, Text: in.Body.Text, Reply: reply})
		return Sent{ID: link(m.ID), Chat: m.Chat, State: State(m.State)}, err
	})
	type id struct {
		ID string `path:"id" maxLength:"128"`
	}
	handle(api, http.MethodGet, "/v1/messages/{id}", "message", "Where one message is", func(ctx context.Context, in *id) (MessageStatus, error) {
		id, err := parseLink("message", in.ID)
		if err != nil {
			return MessageStatus{}, err
		}
		m, err := b.Message(ctx, id)
		return messageStatus(m), err
	})
	type page struct {
		Target string    `query:"target" required:"true" doc:"@contact or #group"`
		Limit  int       `query:"limit" minimum:"0" maximum:"1000" doc:"0: fifty"`
		Before string    `query:"before" maxLength:"128" doc:"id of a message; only what stands before it"`
		Since  time.Time `query:"since" doc:"only what is not older"`
	}
	handle(api, http.MethodGet, "/v1/log", "log", "Messages in display order", func(ctx context.Context, in *page) (Timeline, error) {
		before, err := parseLink("message", in.Before)
		if err != nil {
			return Timeline{}, err
		}
		t, err := b.Log(ctx, in.Target, node.Page{Limit: in.Limit, Before: before, Since: in.Since})
		return Timeline{Messages: each(t.Messages, message), Gaps: each(t.Gaps, gap)}, err
	})
}

// TooLong refuses a text of n bytes and says the limit.
func TooLong(n int) *Error {
	return Errorf(KindInvalid, "this text has %d bytes and a message may have %d (64 KiB): send it in parts", n, MaxText)
}

func parseLink(what, s string) (merkle.ID, error) {
	if s == "" {
		return merkle.ID{}, nil
	}
	id, err := merkle.ParseID(s)
	if err != nil {
		return id, Errorf(KindInvalid, "%s: %q is not the id of a message; `peer log TARGET --json` shows ids", what, s)
	}
	return id, nil
}

func groupRoutes(api huma.API, b Backend) {
	type groupPath struct {
		Group string `path:"group" maxLength:"512" doc:"#name or #id"`
	}
	type create struct{ Body NewGroup }
	handle(api, http.MethodGet, "/v1/groups", "groups", "Groups", func(ctx context.Context, _ *none) (Groups, error) {
		l, err := b.Groups(ctx)
		return Groups{Groups: each(l, group)}, err
	})
	handle(api, http.MethodPost, "/v1/groups", "create-group", "Found a group", func(ctx context.Context, in *create) (GroupCreated, error) {
		g, err := b.CreateGroup(ctx, in.Body.Name, in.Body.History)
		return GroupCreated{Group: group(g)}, err
	})
	handle(api, http.MethodPost, "/v1/groups/{group}/leave", "leave-group", "Leave a group", func(ctx context.Context, in *groupPath) (Done, error) {
		return done(b.LeaveGroup(ctx, in.Group))
	})
	handle(api, http.MethodGet, "/v1/groups/{group}/members", "members", "Who belongs, by rank", func(ctx context.Context, in *groupPath) (Members, error) {
		l, err := b.Members(ctx, in.Group)
		return Members{Members: each(l, member)}, err
	})
	type add struct {
		Group string `path:"group" maxLength:"512" doc:"#name or #id"`
		Body  NewMember
	}
	handle(api, http.MethodPost, "/v1/groups/{group}/members", "add-member", "Add a contact", func(ctx context.Context, in *add) (Done, error) {
		return done(b.AddMember(ctx, in.Group, in.Body.Who, in.Body.History))
	})
	memberRoutes(api, b)
}

func memberRoutes(api huma.API, b Backend) {
	type path struct {
		Group string `path:"group" maxLength:"512" doc:"#name or #id"`
		Who   string `path:"who" maxLength:"512" doc:"@name or @uid"`
	}
	type change struct {
		Group string `path:"group" maxLength:"512" doc:"#name or #id"`
		Who   string `path:"who" maxLength:"512" doc:"@name or @uid"`
		Body  MemberChange
	}
	handle(api, http.MethodDelete, "/v1/groups/{group}/members/{who}", "remove-member", "Remove a member and change the keys", func(ctx context.Context, in *path) (Done, error) {
		return done(b.RemoveMember(ctx, in.Group, in.Who))
	})
	handle(api, http.MethodPatch, "/v1/groups/{group}/members/{who}", "change-member", "Promote or demote", func(ctx context.Context, in *change) (Done, error) {
		if in.Body.Role == "admin" {
			return done(b.Promote(ctx, in.Group, in.Who))
		}
		return done(b.Demote(ctx, in.Group, in.Who))
	})
}

func custodyRoutes(api huma.API, b Backend) {
	handle(api, http.MethodGet, "/v1/custody", "custody", "What I hold and who holds mine", func(ctx context.Context, _ *none) (Custody, error) {
		c, err := b.Custody(ctx)
		return custody(c), err
	})
	type allow struct {
		Who  string `path:"who" maxLength:"512" doc:"@name or @uid"`
		Body CustodyTerms
	}
	handle(api, http.MethodPut, "/v1/custody/owners/{who}", "allow-custody", "Let a friend park with me", func(ctx context.Context, in *allow) (Done, error) {
		return done(b.AllowCustody(ctx, in.Who, in.Body.Max, time.Duration(in.Body.TTL)*time.Second))
	})
	handle(api, http.MethodDelete, "/v1/custody/owners/{who}", "disallow-custody", "Stop holding for a friend", func(ctx context.Context, in *who) (Done, error) {
		return done(b.DisallowCustody(ctx, in.Who))
	})
	handle(api, http.MethodPut, "/v1/custody/custodians/{who}", "add-custodian", "Ask a friend to keep my mail", func(ctx context.Context, in *who) (Done, error) {
		return done(b.AddCustodian(ctx, in.Who))
	})
	handle(api, http.MethodDelete, "/v1/custody/custodians/{who}", "drop-custodian", "Stop using a custodian", func(ctx context.Context, in *who) (Done, error) {
		return done(b.DropCustodian(ctx, in.Who))
	})
}
