package mailbox

import (
	"crypto/sha256"
	"fmt"
	"time"

	"causeway/internal/planted"
)

// A Held is what a custodian says of one parcel. Only the id is checked, against
// the bytes.
type Held struct {
	Seq       uint64 // place in the order of deposit, at this custodian only
	Parcel    ParcelID
	Size      uint64
	Slot      SlotHash // whose: compare with Slot.Hash(b.Custodian)
	Deposited time.Time
	Expires   time.Time
}

// Collecting says what to leave out and where to go on.
type Collecting struct {
	// After: only parcels with a greater Seq. A custodian that was restored from
	// a backup counts anew, so start from 0 now and then.
	After uint64
	// Have reports parcels that need not be fetched; nil: none.
	Have func(ParcelID) bool
	// Partial is where an interrupted fetch goes on; the zero value at first,
	// then kept by the caller between sessions, also with other custodians.
	Partial *Partial
}

// Partial is the beginning of one parcel, unverified.
type Partial struct {
	parcel ParcelID
	data   []byte
}

// List gives one page of what lies in the box and has not expired, in the order
// of deposit: at most limit parcels with a greater Seq than after.
func (b *Box) List(after uint64, limit int) (page []Held, more bool, err error) {
	f, err := as[rowsFrame](b.l.ask(&listFrame{After: after, Limit: uint64(max(0, limit))}))
	if err != nil {
		return nil, false, err
	}
	for _, r := range f.Rows {
		if r.Seq <= after || r.Size == 0 || r.Size > MaxParcel {
			return nil, false, fmt.Errorf("%w: row %d of %d bytes", ErrProtocol, r.Seq, r.Size)
		}
		after = r.Seq
		page = append(page, Held{Seq: r.Seq, Parcel: r.Parcel, Size: r.Size, Slot: r.Slot,
			Deposited: fromSeconds(r.Deposited), Expires: fromSeconds(r.Expires)})
	}
	return page, f.More && len(page) > 0, nil
}

// collector is one run of Collect.
type collector struct {
	b    *Box
	c    Collecting
	keep func(Held, []byte) error
	upTo uint64
	bad  int
}

// Collect fetches every parcel that the owner lacks, oldest first, and gives it
// to keep once its bytes match its id. It deletes nothing. It returns the Seq up
// to which all was had or kept, for After. A parcel that the custodian lists and
// does not give, or gives wrong, is passed over, is not counted in that Seq, and
// makes the error ErrParcel at the end: another custodian may have it. An error
// of keep ends the session.
func (b *Box) Collect(c Collecting, keep func(h Held, sealed []byte) error) (upTo uint64, err error) {
	if c.Partial == nil {
		c.Partial = new(Partial)
	}
	run := collector{b: b, c: c, keep: keep, upTo: c.After}
	after := c.After
	for more := true; more; {
		var page []Held
		if page, more, err = b.List(after, maxPage); err != nil {
			return run.upTo, err
		}
		for len(page) > 0 {
			n, lacking := run.batch(page)
			if err := run.fetch(page[:n], lacking); err != nil {
				return run.upTo, err
			}
			after, page = page[n-1].Seq, page[n:]
		}
	}
	if run.bad > 0 {
		return run.upTo, fmt.Errorf("%w: %d could not be fetched", ErrParcel, run.bad)
	}
	return run.upTo, nil
}

// batch takes so many rows that what is lacking of them goes into one FETCH.
func (r *collector) batch(page []Held) (n int, lacking map[uint64]fetchItem) {
	lacking = make(map[uint64]fetchItem)
	var total uint64
	for _, h := range page {
		if r.c.Have == nil || !r.c.Have(h.Parcel) {
			if total += h.Size; total > MaxParcel || len(lacking) == maxFetch {
				break
			}
			lacking[h.Seq] = fetchItem{Parcel: h.Parcel, Offset: r.c.Partial.of(h)}
		}
		n++
	}
	return n, lacking
}

// of is how many bytes of a parcel are here already.
func (p *Partial) of(h Held) uint64 {
	if p.parcel != h.Parcel || uint64(len(p.data)) >= h.Size {
		return 0
	}
	return uint64(len(p.data))
}

// fetch asks for what is lacking of the rows and hands it over in their order.
func (r *collector) fetch(rows []Held, lacking map[uint64]fetchItem) error {
	f := &fetchFrame{}
	for _, h := range rows {
		if item, ok := lacking[h.Seq]; ok {
			f.Items = append(f.Items, item)
		}
	}
	if len(f.Items) > 0 {
		if err := r.b.l.write(f); err != nil {
			return err
		}
	}
	for _, h := range rows {
		if planted.Is(planted.CursorFirst) {
			r.upTo = h.Seq
		}
		if item, ok := lacking[h.Seq]; ok {
			sealed, err := r.receive(h, item.Offset)
			if err != nil {
				return err
			}
			if sealed == nil {
				r.bad++
			} else if err := r.keep(h, sealed); err != nil {
				return err
			}
		}
		if r.bad == 0 {
			r.upTo = h.Seq
		}
	}
	return nil
}

// receive reads one parcel, from an offset on; nil if it is not what its id
// says. What has come when the link breaks is kept in Partial.
func (r *collector) receive(h Held, offset uint64) ([]byte, error) {
	var data []byte
	if offset > 0 {
		data = r.c.Partial.data
	}
	for {
		f, err := as[bytesFrame](r.b.l.answer())
		if err != nil {
			*r.c.Partial = Partial{h.Parcel, data}
			return nil, err
		}
		if len(f.Data) == 0 {
			break
		}
		if uint64(len(data)+len(f.Data)) > h.Size {
			return nil, fmt.Errorf("%w: parcel is longer than listed", ErrProtocol)
		}
		data = append(data, f.Data...)
	}
	*r.c.Partial = Partial{}
	if sha256.Sum256(data) != h.Parcel {
		return nil, nil
	}
	return data, nil
}
