package mailbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"

	"causeway/internal/label"
)

// H is bytes that the vectors write in hexadecimal.
type H []byte

func (h *H) UnmarshalText(t []byte) error {
	b, err := hex.DecodeString(string(t))
	*h = b
	return err
}

func (h H) b32() (x [32]byte) { copy(x[:], h); return x }

type vectors struct {
	Keys struct {
		CustodianSecret H `json:"custodian_secret"`
		BoxSeed         H `json:"box_seed"`
		Box, Receipt    H
		TagSecret       H `json:"tag_secret"`
	}
	Groups []struct {
		Kmbx, Box, Writer, Deposit H
		BoxSeed                    H `json:"box_seed"`
	}
	Slots []struct {
		Week              uint64
		Deposit, ID, Hash H
	}
	Requests []struct{ Token, ID, Hash H }
	Weeks    []struct {
		Unix int64
		Week uint64
	}
	Parcels []struct {
		Index, Count          int
		Set, Data, ID, Sealed H
	}
	Stream struct {
		CustodianPeer      H `json:"custodian_peer"`
		ClientPeer         H `json:"client_peer"`
		ClientNonce        H `json:"client_nonce"`
		CustodianNonce     H `json:"custodian_nonce"`
		GrantToken         H `json:"grant_token"`
		Grant, Ask, Parcel H
		Deposited, Expires uint64
	}
	Frames map[string]H
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("../docs/spec/vectors/07-mailbox.json")
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectorsOfKeysAndSlots(t *testing.T) {
	v := readVectors(t)
	c := &Custodian{secret: v.Keys.CustodianSecret.b32()}
	box := BoxKeyFromSeed(v.Keys.BoxSeed.b32())
	receipt := publicOf(c.receiptKey(box.ID()))
	if box.ID() != v.Keys.Box.b32() || receipt != v.Keys.Receipt.b32() || c.tagSecret(box.ID()) != v.Keys.TagSecret.b32() {
		t.Error("keys of a box")
	}
	for i, g := range v.Groups {
		k := GroupBoxKey(g.Kmbx.b32())
		if k.Seed() != g.BoxSeed.b32() || k.ID() != g.Box.b32() || GroupDepositSecret(g.Kmbx.b32(), g.Writer.b32()) != g.Deposit.b32() {
			t.Error("group", i)
		}
	}
	for _, s := range v.Slots {
		slot := SlotOf(s.Deposit.b32(), box.ID(), s.Week)
		if slot.ID(receipt) != s.ID.b32() || slot.Hash(receipt) != s.Hash.b32() {
			t.Error("slot of week", s.Week)
		}
	}
	for _, r := range v.Requests {
		if s := RequestSlot(r.Token.b32()); s.ID(receipt) != r.ID.b32() || s.Hash(receipt) != r.Hash.b32() {
			t.Error("request slot")
		}
	}
	for _, w := range v.Weeks {
		if got := WeekOf(time.Unix(w.Unix, 0)); got != w.Week {
			t.Errorf("%d is in week %d, want %d", w.Unix, got, w.Week)
		}
	}
}

func TestVectorsOfParcels(t *testing.T) {
	v := readVectors(t)
	slot := SlotOf(v.Slots[2].Deposit.b32(), v.Keys.Box.b32(), v.Slots[2].Week)
	for i, p := range v.Parcels {
		if ParcelOf(p.Sealed).ID != p.ID.b32() {
			t.Error("id of parcel", i)
		}
		got, err := slot.Open(p.Sealed)
		if err != nil || !bytes.Equal(got.Set[:], p.Set) || got.Index != p.Index || got.Count != p.Count || !bytes.Equal(got.Data, p.Data) {
			t.Errorf("parcel %d: %v", i, err)
		}
		again, err := slot.sealPiece(got)
		if err != nil || len(again.Sealed) != len(p.Sealed) {
			t.Errorf("parcel %d has another size here: %v", i, err)
		}
	}
}

func TestVectorsOfFrames(t *testing.T) {
	v := readVectors(t)
	made := framesOf(v)
	if len(made) != len(v.Frames) || len(made) != len(frameTypes)-1 {
		t.Fatalf("%d frames here, %d in the vectors", len(made), len(v.Frames))
	}
	for name, want := range v.Frames {
		got, err := encodeFrame(made[name])
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s:\n%x\n%x, %v", name, got, []byte(want), err)
		}
		back, err := decodeFrame(want)
		if err != nil || reflect.TypeOf(back) != reflect.TypeOf(made[name]) {
			t.Errorf("%s: %T, %v", name, back, err)
		}
	}
	g, err := DecodeGrant(v.Stream.Grant)
	if err != nil || !bytes.Equal(g.Encode(), v.Stream.Grant) || g.Token != v.Stream.GrantToken.b32() {
		t.Errorf("grant: %+v, %v", g, err)
	}
}

// framesOf makes every frame of the vectors with the code that is used.
func framesOf(v vectors) map[string]any {
	s := v.Stream
	c := &Custodian{secret: v.Keys.CustodianSecret.b32()}
	key := BoxKeyFromSeed(v.Keys.BoxSeed.b32())
	box, receiptKey := key.ID(), c.receiptKey(key.ID())
	slot := SlotOf(v.Slots[2].Deposit.b32(), box, v.Slots[2].Week)
	request := RequestSlot(v.Requests[0].Token.b32())
	o := opening{Version: version, Box: box, Receipt: publicOf(receiptKey), Custodian: s.CustodianPeer, Client: s.ClientPeer,
		ClientNonce: s.ClientNonce.b32(), CustodianNonce: s.CustodianNonce.b32()}
	grant := Grant{Token: s.GrantToken.b32()}
	owner, transcript := proveOwner(Entry{Key: key, Class: Personal, Grant: &grant}, o)
	welcome := &welcomeFrame{TagSecret: c.tagSecret(box), MaxBytes: DefaultBytes, MaxParcels: DefaultParcels,
		TTL: uint64(DefaultTTL / time.Second), Bytes: 8192, Parcels: 2}
	welcome.Made = welcome.made(grant.Voucher(box).Key, transcript)
	parcel := ParcelID(s.Parcel.b32())
	at := &session{key: receiptKey, open: o}
	row := parcelRow{Parcel: parcel, Size: 4096, Slot: slot.Hash(o.Receipt), Deposited: s.Deposited, Expires: s.Expires}
	quota := quotaBody{Box: box, Parcel: parcel, Reason: SlotFull, Issued: s.Deposited, FreeAt: s.Expires}
	askHash := sha256.Sum256(s.Ask)
	fill := func(b byte) (x [32]byte) { copy(x[:], bytes.Repeat([]byte{b}, 32)); return x }
	return map[string]any{
		"hello":   &helloFrame{Version: version, Box: box, Nonce: o.ClientNonce},
		"proof":   &proofFrame{Nonce: o.CustodianNonce, Receipt: o.Receipt, Sig: sign(receiptKey, label.MailboxProof, o)},
		"owner":   owner,
		"welcome": welcome,
		"slots": &slotsFrame{Replace: true, Weeks: []WeekSlots{
			{Week: 2967, Hashes: []SlotHash{fill(1), fill(2)}}, {Week: 2968, Hashes: []SlotHash{fill(3)}}}},
		"list": &listFrame{After: 7, Limit: 1000},
		"rows": &rowsFrame{More: true, Rows: []listRow{{Seq: 8, Parcel: parcel, Size: row.Size, Slot: row.Slot,
			Deposited: row.Deposited, Expires: row.Expires}}},
		"fetch":  &fetchFrame{Items: []fetchItem{{Parcel: parcel, Offset: 65536}}},
		"bytes":  &bytesFrame{Data: []byte("some bytes")},
		"delete": &deleteFrame{Items: []deleteItem{{Parcel: parcel, Sig: key.Deletion(parcel)}}},
		"stand_in": &standInFrame{Ask: askHash, Slot: request.Hash(o.Receipt), Requests: 4, Expires: s.Expires,
			Offer: []byte("offer"), Tags: []DayTag{{Day: 20772, Tag: fill(0xb0)}}},
		"revoke":  &revokeFrame{Ask: askHash},
		"close":   &closeFrame{},
		"ok":      &okFrame{},
		"denied":  &deniedFrame{},
		"refused": &refusedFrame{},
		"deposit": &depositFrame{Slot: slot.ID(o.Receipt), Parcel: parcel, Size: 4096},
		"go":      &goFrame{},
		"receipt": at.receipt(row),
		"quota": &quotaFrame{Reason: SlotFull, Issued: quota.Issued, FreeAt: quota.FreeAt,
			Sig: sign(receiptKey, label.MailboxQuota, quota)},
		"gone":   &goneFrame{Sig: key.Deletion(parcel)},
		"invite": &inviteFrame{Version: version, Ask: s.Ask.b32()},
		"offer":  &offerFrame{Box: box, Receipt: o.Receipt, Offer: []byte("offer")},
	}
}
