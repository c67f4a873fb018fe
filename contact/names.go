package contact

import (
	"fmt"
	"slices"
	"strings"

	"causeway/identity"
	"causeway/store"
)

// An AmbiguousError says that several contacts go by one name.
type AmbiguousError struct {
	Name string
	UIDs []identity.UID
}

func (e *AmbiguousError) Error() string {
	ids := make([]string, len(e.UIDs))
	for i, u := range e.UIDs {
		ids[i] = u.String()
	}
	return fmt.Sprintf("%q names %d contacts; use one of their ids: %s", e.Name, len(ids), strings.Join(ids, ", "))
}

// Find returns the contact whose UID or name the user typed, with or without
// "@" in front, in either case. ErrNotFound, or *AmbiguousError.
func (b Book) Find(tx *store.Tx, typed string) (Contact, error) {
	name := strings.TrimPrefix(strings.TrimSpace(typed), "@")
	if uid, err := identity.ParseUID(name); err == nil {
		return b.Get(tx, uid)
	}
	all, err := b.All(tx)
	if err != nil {
		return Contact{}, err
	}
	all = slices.DeleteFunc(all, func(c Contact) bool { return !strings.EqualFold(c.Name, name) })
	switch len(all) {
	case 0:
		return Contact{}, fmt.Errorf("%w: %q", ErrNotFound, name)
	case 1:
		return all[0], nil
	}
	e := &AmbiguousError{Name: name}
	for _, c := range all {
		e.UIDs = append(e.UIDs, c.UID)
	}
	return Contact{}, e
}

// Rename gives a contact another name. Errors: ErrNotFound, ErrNameTaken, and
// those of identity.CheckName.
func (b Book) Rename(tx *store.Tx, uid identity.UID, name string) (Contact, error) {
	c, err := b.read(tx, uid)
	if err != nil {
		return Contact{}, err
	}
	if err := checkPetname(name); err != nil {
		return Contact{}, err
	}
	taken, err := b.taken(tx, uid)
	if err != nil {
		return Contact{}, err
	}
	if taken(name) {
		return Contact{}, fmt.Errorf("%w: %q", ErrNameTaken, name)
	}
	c.Name = name
	return c, b.put(tx, c)
}

// checkPetname refuses what could not be typed as a target, or would be taken
// for a UID.
func checkPetname(name string) error {
	if err := identity.CheckName(name); err != nil {
		return err
	}
	if _, err := identity.ParseUID(name); err == nil || name == "" || strings.ContainsRune("@#", rune(name[0])) {
		return fmt.Errorf("%w: %q", identity.ErrName, name)
	}
	return nil
}

// taken returns a test for names that contacts other than uid have.
func (b Book) taken(tx *store.Tx, uid identity.UID) (func(string) bool, error) {
	all, err := b.All(tx)
	if err != nil {
		return nil, err
	}
	return func(name string) bool {
		return slices.ContainsFunc(all, func(c Contact) bool { return c.UID != uid && strings.EqualFold(c.Name, name) })
	}, nil
}

// freeName returns the name for a new contact: wished by the user (an error if
// it cannot be had as it is), else their own, else the start of their UID; with
// " 2", " 3" and so on behind it if another contact has it.
func (b Book) freeName(tx *store.Tx, wished, own string, uid identity.UID) (string, error) {
	name := wished
	if wished != "" {
		if err := checkPetname(wished); err != nil {
			return "", err
		}
	} else if name = own; checkPetname(own) != nil {
		name = uid.String()[:8]
	}
	taken, err := b.taken(tx, uid)
	if err != nil {
		return "", err
	}
	free := name
	for n := 2; taken(free); n++ {
		free = withNumber(name, n)
	}
	return free, nil
}

// withNumber shortens name by whole characters until the number fits behind it.
func withNumber(name string, n int) string {
	runes := []rune(name)
	for {
		numbered := fmt.Sprintf("%s %d", strings.TrimRight(string(runes), " "), n)
		if identity.CheckName(numbered) == nil {
			return numbered
		}
		runes = runes[:len(runes)-1]
	}
}
