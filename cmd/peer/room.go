package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"causeway/node"
	"causeway/store"
)

// roomNeeded is what a disk that was full must take before the node is started again.
const roomNeeded = 8 << 20

// roomEvery is how often a full disk is tried.
var roomEvery = 2 * time.Second

// errRoom ends a node whose disk was full and has room again.
var errRoom = errors.New("there is room on the disk again")

// lasting runs a node, and anew after errRoom: opening the store reads and verifies what is on disk,
// as after a crash, and takes nothing for written that no fsync confirmed.
func lasting(ctx context.Context, run func(context.Context) error, room func() bool) error {
	err := run(ctx)
	if !errors.Is(err, errRoom) {
		return err // what is full at the start is told at once
	}
	for ctx.Err() == nil && (errors.Is(err, errRoom) || isFull(err)) {
		if isFull(err) { // the room went while the node was down
			if pause(ctx, roomEvery) != nil || !room() {
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
	for isFull(n.DiskErr()) && pause(ctx, roomEvery) == nil {
		if room() {
			return true
		}
	}
	return false
}

// hasRoom reports whether a folder's disk takes roomNeeded bytes and keeps them.
func hasRoom(dir string) bool {
	f, err := os.CreateTemp(dir, "room-*.tmp")
	if err != nil {
		return false
	}
	defer os.Remove(f.Name())
	_, werr := f.Write(make([]byte, roomNeeded))
	return errors.Join(werr, f.Sync(), f.Close()) == nil
}
