package api

import (
	"context"
	"time"
)

// Groups lists the groups that this user is or was in.
func (c *Client) Groups(ctx context.Context) (Groups, error) {
	return call[Groups](ctx, c, "GET", "/v1/groups", nil)
}

// CreateGroup founds a group; history is shared or forward.
func (c *Client) CreateGroup(ctx context.Context, name, history string) (GroupCreated, error) {
	return call[GroupCreated](ctx, c, "POST", "/v1/groups", NewGroup{Name: name, History: history})
}

// AddMember adds a contact; history is none, all or empty.
func (c *Client) AddMember(ctx context.Context, group, who, history string) error {
	return c.done(ctx, "POST", at("/v1/groups/%s/members", group), NewMember{Who: who, History: history})
}

// RemoveMember removes a member and changes the keys.
func (c *Client) RemoveMember(ctx context.Context, group, who string) error {
	return c.done(ctx, "DELETE", at("/v1/groups/%s/members/%s", group, who), nil)
}

// Promote makes a member an admin.
func (c *Client) Promote(ctx context.Context, group, who string) error {
	return c.done(ctx, "PATCH", at("/v1/groups/%s/members/%s", group, who), MemberChange{Role: "admin"})
}

// Demote makes an admin a member.
func (c *Client) Demote(ctx context.Context, group, who string) error {
	return c.done(ctx, "PATCH", at("/v1/groups/%s/members/%s", group, who), MemberChange{Role: "member"})
}

// LeaveGroup leaves.
func (c *Client) LeaveGroup(ctx context.Context, group string) error {
	return c.done(ctx, "POST", at("/v1/groups/%s/leave", group), nil)
}

// Members lists who belongs, the most senior first.
func (c *Client) Members(ctx context.Context, group string) (Members, error) {
	return call[Members](ctx, c, "GET", at("/v1/groups/%s/members", group), nil)
}

// Custody is what this node holds for others and who holds its mail.
func (c *Client) Custody(ctx context.Context) (Custody, error) {
	return call[Custody](ctx, c, "GET", "/v1/custody", nil)
}

// AllowCustody lets a friend park here: at most max bytes, each parcel for ttl; 0 is as it is, or the
// default.
func (c *Client) AllowCustody(ctx context.Context, who string, max int64, ttl time.Duration) error {
	return c.done(ctx, "PUT", at("/v1/custody/owners/%s", who), CustodyTerms{Max: max, TTL: seconds(ttl)})
}

// DisallowCustody stops holding for a friend.
func (c *Client) DisallowCustody(ctx context.Context, who string) error {
	return c.done(ctx, "DELETE", at("/v1/custody/owners/%s", who), nil)
}

// AddCustodian asks a friend to keep my mail.
func (c *Client) AddCustodian(ctx context.Context, who string) error {
	return c.done(ctx, "PUT", at("/v1/custody/custodians/%s", who), nil)
}

// DropCustodian stops using a custodian.
func (c *Client) DropCustodian(ctx context.Context, who string) error {
	return c.done(ctx, "DELETE", at("/v1/custody/custodians/%s", who), nil)
}
