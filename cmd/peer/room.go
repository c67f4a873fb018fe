package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"causeway/node"
	"causeway/store"
)

const (
	roomFile = "room.tmp" // is written to try a disk, and removed
	roomTry  = 1 << 20    // bytes of it
)

// A full disk is tried after roomFirst, then after twice as long each time, up to roomMost.
var roomFirst, roomMost = 2 * time.Second, 30 * time.Second

// patience is how long to wait before a full disk is tried next.
type patience time.Duration

func (p *patience) wait(ctx context.Context) error {
	*p = patience(min(max(2*time.Duration(*p), roomFirst), roomMost))
	return pause(ctx, time.Duration(*p))
}

// errRoom ends a node whose disk was full and has room again.
var errRoom = errors.New("there is room on the disk again")

// lasting runs a node, and anew after errRoom: opening the store reads and verifies what is on disk,
// as after a crash, and takes nothing for written that no fsync confirmed.
func lasting(ctx context.Context, run func(context.Context) error, room func() bool) error {
	err := run(ctx)
	if !errors.Is(err, errRoom) {
		return err // what is full at the start is told at once
	}
	var p patience // over all runs: room that is never enough must not be tried every two seconds
	for ctx.Err() == nil && (errors.Is(err, errRoom) || isFull(err)) {
		if isFull(err) { // the room went while the node was down
			if p.wait(ctx) != nil || !room() {
				continue
			}
		}
		err = run(ctx)
	}
	if errors.Is(err, errRoom) || isFull(err) {
		return nil
	}
	return err
}

func isFull(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// roomAgain waits until the node's disk was full and has room again; false if ctx ended first, or the
// disk failed in another way.
func roomAgain(ctx context.Context, n *node.Node, room func() bool) bool {
	select {
	case <-ctx.Done():
		return false
	case <-n.Failed():
	}
	var p patience
	for isFull(n.DiskErr()) && p.wait(ctx) == nil {
		if room() {
			return true
		}
	}
	return false
}

// hasRoom reports whether the disk of a folder has the room that a store needs to open, by the
// system's count, and takes roomTry bytes and keeps them.
func hasRoom(dir string) bool {
	free, err := store.Room(dir)
	return err == nil && enough(free) && takes(dir)
}

func enough(free uint64) bool { return free >= store.RoomToOpen }

// takes writes random bytes: zeros take no room on a disk that compresses.
func takes(dir string) bool {
	path := filepath.Join(dir, roomFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false
	}
	defer os.Remove(path)
	b := make([]byte, roomTry)
	rand.Read(b)
	_, werr := f.Write(b)
	return errors.Join(werr, f.Sync(), f.Close()) == nil
}

// forgetTry removes what a try left that was cut short.
func forgetTry(dir string) {
	_ = os.Remove(filepath.Join(dir, roomFile)) // mostly there is none
}
