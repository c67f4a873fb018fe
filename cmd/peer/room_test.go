package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"causeway/store"
)

// What a run of the node ends with, and how often it is run and the disk tried.
func TestNodeGoesOnOnceThereIsRoom(t *testing.T) {
	defer func(first, most time.Duration) { roomFirst, roomMost = first, most }(roomFirst, roomMost)
	roomFirst, roomMost = time.Millisecond, time.Millisecond
	full := fmt.Errorf("open: %w", store.ErrFull)
	broken := errors.New("something else")
	for name, c := range map[string]struct {
		ends []error // of each run
		room []bool  // what the disk says, each time it is tried
		want error
	}{
		"a good end":                  {ends: []error{nil}},
		"full from the start":         {ends: []error{full}, want: store.ErrFull},
		"full once":                   {ends: []error{errRoom, nil}},
		"full again and again":        {ends: []error{errRoom, errRoom, nil}},
		"the room goes meanwhile":     {ends: []error{errRoom, full, nil}, room: []bool{false, false, true}},
		"and the system says so":      {ends: []error{errRoom, syscall.ENOSPC, nil}, room: []bool{true}},
		"another error is no reason":  {ends: []error{broken}, want: broken},
		"nor one after it was full":   {ends: []error{errRoom, broken}, want: broken},
		"nor is a disk that is worse": {ends: []error{errRoom, store.ErrIO}, want: store.ErrIO},
	} {
		ends, room := slices.Clone(c.ends), slices.Clone(c.room)
		err := lasting(context.Background(), func(context.Context) error {
			var end error
			end, ends = ends[0], ends[1:]
			return end
		}, func() bool {
			var is bool
			is, room = room[0], room[1:]
			return is
		})
		if !errors.Is(err, c.want) || len(ends) > 0 || len(room) > 0 {
			t.Errorf("%s: %v, with %d runs and %d tries to come", name, err, len(ends), len(room))
		}
	}
}

func TestNodeThatWaitsForRoomCanBeStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	ends := []error{errRoom, store.ErrFull}
	err := lasting(ctx, func(context.Context) error {
		end := ends[0]
		if ends = ends[1:]; len(ends) == 0 {
			cancel()
		}
		return end
	}, func() bool { return false })
	if err != nil || len(ends) > 0 {
		t.Errorf("%v, with %d runs to come", err, len(ends))
	}
}

// A stop is not held up by a store that does not close.
func TestNodeThatDoesNotCloseCanBeStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	never := make(chan error)
	err := closeUntil(ctx, func() error { cancel(); return <-never })
	close(never)
	if err != nil {
		t.Error(err)
	}
}

func TestHasRoom(t *testing.T) {
	dir := t.TempDir()
	if !hasRoom(dir) {
		t.Error("no room in an empty folder")
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the try leaves %v, %v", left, err)
	}
	if missing := filepath.Join(dir, "missing"); hasRoom(missing) || takes(missing) {
		t.Error("room in a folder that is not there")
	}
	if enough(store.RoomToOpen-1) || !enough(store.RoomToOpen) {
		t.Error("what is enough is not what a store needs to open")
	}
}

func TestTryThatWasCutShortIsRemoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, roomFile)
	if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	forgetTry(dir)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestFullDiskIsTriedEverLessOften(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var p patience
	var got []time.Duration
	for range 6 {
		_ = p.wait(ctx)
		got = append(got, time.Duration(p)/time.Second)
	}
	if want := []time.Duration{2, 4, 8, 16, 30, 30}; !slices.Equal(got, want) {
		t.Errorf("waits %d s, want %d", got, want)
	}
}
