package dht

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestPlanPublishesAtOnceAndThenEverySixToElevenHours(t *testing.T) {
	p := newPlan(2)
	p.replace([]Tag{{1}, {2}}, noon)
	if got := p.take(noon, 3); len(got) != 3 {
		t.Fatalf("%d of 4 postings taken, want 3", len(got))
	}
	p = newPlan(1)
	p.replace([]Tag{{1}}, noon)
	for range 100 {
		now := noon
		post := p.take(now, 9)[0]
		p.settle(post, nil, now)
		due := p.slots[post].due
		if due.Before(now.Add(6*time.Hour)) || due.After(now.Add(11*time.Hour)) {
			t.Fatalf("due again after %v", due.Sub(now))
		}
		if len(p.take(due.Add(-1), 9)) != 0 || len(p.take(due, 9)) != 1 {
			t.Fatal("not taken exactly when due")
		}
		p.slots[post].busy, p.slots[post].due = false, noon
	}
}

func TestPlanRetriesFailuresAndWaitsForPeers(t *testing.T) {
	p := newPlan(1)
	p.replace([]Tag{{1}}, noon)
	post := p.take(noon, 1)[0]
	last := time.Duration(0)
	for i := range 20 {
		p.settle(post, errors.New("boom"), noon)
		wait := p.slots[post].due.Sub(noon)
		if wait < last || wait > publishLast || (i == 0 && wait != publishFirst) {
			t.Fatalf("failure %d: wait %v after %v", i, wait, last)
		}
		last = wait
	}
	if !p.failing(0) {
		t.Error("20 failures are no failure")
	}
	p.settle(post, nil, noon)
	if up, all := p.standing(); p.failing(0) || up != 1 || all != 1 {
		t.Errorf("after success: failing %v, %d of %d stand", p.failing(0), up, all)
	}
	p.settle(post, fmt.Errorf("on x: %w", ErrNoPeers), noon)
	if p.failing(0) {
		t.Error("having no peers counts as failure")
	}
	p.hurry(0, noon, 0)
	if len(p.take(noon, 1)) != 1 {
		t.Error("peers have come, and nothing is published")
	}
}

func TestPlanHurriesNowAndThen(t *testing.T) {
	p := newPlan(2)
	p.replace([]Tag{{1}}, noon)
	settle := func(now time.Time) (n int) {
		for _, post := range p.take(now, 9) {
			p.settle(post, nil, now)
			n++
		}
		return n
	}
	settle(noon)
	published := 0
	for s := range 600 { // addresses that change every second
		now := noon.Add(time.Duration(s) * time.Second)
		p.hurry(0, now, 0)
		published += settle(now)
	}
	if published < 25 || published > 31 {
		t.Errorf("published %d times in ten minutes of changes", published)
	}
}

func TestPlanNetworkThatIsEnteredDoesNotWaitForAddressesToSettle(t *testing.T) {
	p := newPlan(1)
	p.replace([]Tag{{1}}, noon)
	p.settle(p.take(noon, 1)[0], ErrNoPeers, noon)
	p.hurry(0, noon, addressSettle)
	p.hurry(0, noon.Add(time.Second), 0)
	if len(p.take(noon.Add(time.Second), 1)) != 1 {
		t.Error("entered, and nothing is published")
	}
}

func TestPlanHurryWhilePublishingPublishesAgain(t *testing.T) {
	p := newPlan(1)
	p.replace([]Tag{{1}}, noon)
	post := p.take(noon, 1)[0]
	p.hurry(0, noon, 0)
	p.settle(post, nil, noon)
	if len(p.take(noon, 1)) != 1 {
		t.Error("what was published held the old addresses")
	}
}

func TestPlanKeepsWhatStaysAndForgetsWhatGoes(t *testing.T) {
	p := newPlan(1)
	p.replace([]Tag{{1}, {2}}, noon)
	for _, post := range p.take(noon, 9) {
		p.settle(post, nil, noon)
	}
	p.replace([]Tag{{2}, {3}}, noon)
	due := p.take(noon, 9)
	if len(due) != 1 || due[0].tag != (Tag{3}) {
		t.Errorf("to publish: %v", due)
	}
	p.settle(posting{tag: Tag{1}}, nil, noon) // went while it was published
	if _, all := p.standing(); all != 2 {
		t.Errorf("%d tags wanted", all)
	}
}

func TestPlanSurvivesAClockPutBack(t *testing.T) {
	p := newPlan(1)
	p.replace([]Tag{{1}}, noon)
	p.settle(p.take(noon, 1)[0], nil, noon)
	p.hurry(0, noon, 0)
	p.settle(p.take(noon.Add(time.Minute), 1)[0], nil, noon.Add(time.Minute))
	past := noon.AddDate(-50, 0, 0)
	due := p.take(past, 1)
	if len(due) != 1 {
		t.Fatal("publishes nothing for 50 years")
	}
	p.settle(due[0], nil, past)
	p.hurry(0, past.Add(time.Hour), 0)
	if len(p.take(past.Add(time.Hour), 1)) != 1 {
		t.Error("hurries for nothing for 50 years")
	}
}
