package store

import "github.com/cockroachdb/pebble/v2/vfs"

// RoomToOpen is how many bytes must be free on a disk that was full before a store
// is opened again: opening writes what its WALs hold into tables, and then goes on.
const RoomToOpen = 4 * memTableBytes

// Room returns how many bytes this user may still write to the disk that the folder
// dir is on, as the system counts them; an error if it does not tell.
func Room(dir string) (uint64, error) {
	u, err := vfs.Default.GetDiskUsage(dir)
	return u.AvailBytes, err
}
