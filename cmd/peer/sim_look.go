package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"causeway/api"
	"causeway/tests/sim"
)

// simShrunk is a plan that was made small, in JSON.
type simShrunk struct {
	V        api.V1 `json:"v"`
	Event    string `json:"event"`
	Seed     uint64 `json:"seed"`
	Rule     string `json:"rule"`
	Runs     int    `json:"runs"`
	Scenario string `json:"scenario"`
}

// look takes a closer look at the run that matters, the first that failed or the
// only one: shrinks it, draws it, writes it down.
func (s *simulation) look(ctx context.Context) error {
	r, note := s.tally.last, ""
	if len(s.tally.failed) > 0 {
		r = s.tally.failed[0]
	} else if s.total > 1 {
		if s.shrink || s.picture != "" || s.write != "" {
			s.app.say("No promise was broken, so no run is looked at: choose one with --seed.")
		}
		return nil
	}
	wrong := r.Failures()
	if s.shrink && len(wrong) == 0 {
		s.app.say("No promise was broken: there is nothing to shrink.")
	}
	if s.shrink && len(wrong) > 0 {
		rule := wrong[0].Rule
		small, used, err := s.small(ctx, r.Plan, rule)
		if err != nil {
			return err
		}
		r.Plan = small
		note = fmt.Sprintf("# %s breaks %q; shrunk in %d runs.\n", title(r.Plan), rule, used)
		if err := s.tellSmall(small, rule, used, note); err != nil {
			return err
		}
	}
	if s.write != "" {
		if note == "" {
			note = fmt.Sprintf("# The plan of %s.\n", title(r.Plan))
		}
		if err := os.WriteFile(s.write, []byte(note+sim.Format(r.Plan)), 0o666); err != nil {
			return api.Errorf(api.KindError, "the scenario is not written: %s", plain(err))
		}
		s.app.say("The scenario is in %s.", s.write)
		r.Plan.File = s.write
	}
	return s.draw(ctx, r.Plan)
}

func (s *simulation) tellSmall(p sim.Plan, rule string, used int, note string) error {
	if s.app.json {
		return s.app.line(simShrunk{Event: "shrunk", Seed: p.Seed, Rule: rule, Runs: used, Scenario: sim.Format(p)})
	}
	if s.write != "" {
		s.app.say("%s", strings.TrimSuffix(strings.TrimPrefix(note, "# "), "\n"))
		return nil
	}
	_, err := fmt.Fprint(s.app.out, note+sim.Format(p))
	return err
}

// small shrinks a plan, with its runs in a process of their own.
func (s *simulation) small(ctx context.Context, p sim.Plan, rule string) (sim.Plan, int, error) {
	pool, err := s.pool(1, false)
	if err != nil {
		return p, 0, err
	}
	play, stop := pool.Player(ctx)
	defer stop()
	n := 0
	small, used := sim.Shrink(p, sim.ShrinkRuns, func(p sim.Plan) bool {
		if err != nil {
			return false
		}
		n++
		s.progress("%d runs to shrink it, %d steps at present", n, len(p.Steps))
		var r sim.Result
		r, err = play(p)
		return err == nil && sim.BrokenBy(r.Failures(), rule)
	})
	s.progress("")
	return small, used, err
}

// draw plays a plan once more with its trace, and makes a page of it.
func (s *simulation) draw(ctx context.Context, p sim.Plan) error {
	if s.picture == "" {
		return nil
	}
	pool, err := s.pool(1, true)
	if err != nil {
		return err
	}
	play, stop := pool.Player(ctx)
	defer stop()
	r, err := play(p)
	if err != nil {
		return err
	}
	f, err := os.Create(s.picture)
	if err != nil {
		return api.Errorf(api.KindError, "the picture is not drawn: %s", plain(err))
	}
	err = sim.Picture(f, r, s.again(p)+" --trace")
	if end := f.Close(); err == nil {
		err = end
	}
	if err != nil {
		return api.Errorf(api.KindError, "the picture is not drawn: %s", plain(err))
	}
	s.app.say("The picture is in %s.", s.picture)
	return nil
}
