package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// ours is the system whose figures are divided by those of the others.
const ours = "causeway"

// result is one line of the rig's results.jsonl, as far as it is shown.
type result struct {
	Sys, Phase string
	N          int
	PerS       float64 `json:"per_s"`
	PullS      float64 `json:"pull_s"`
	DiskMsg    float64 `json:"disk_b_msg"`
	DiskReader float64 `json:"diskB_b_msg"`
	WireMsg    float64 `json:"lo_b_msg"`
	Wire       float64 `json:"lo_bytes"`
	RX, TX     float64
	P50, P99   float64
	CPU        float64 `json:"cpu_s"`
	Peak       float64 `json:"peak_mb"`
	Ready      float64 `json:"ready_ms"`
	Screen     float64 `json:"screen_ms"`
	Page       float64 `json:"page_ms"`
	Deep       float64 `json:"deep_ms"`
	U, A, B    usage
}

// usage is what one process took.
type usage struct {
	RSS       float64 `json:"rss_mb"`
	User, Sys float64
}

// figure is a column of a phase: what it is called, and how it is read.
type figure struct {
	name  string
	of    func(result) float64
	ratio bool
}

// figures are the columns of each phase, and which of them are set in proportion.
var figures = map[string][]figure{
	"append": {
		{"append/s", func(r result) float64 { return r.PerS }, true},
		{"disk B/msg", func(r result) float64 { return r.DiskMsg }, true},
		{"RSS MB", func(r result) float64 { return r.U.RSS }, false},
		{"cpu s", func(r result) float64 { return r.U.User + r.U.Sys }, false},
	},
	"catchup": {
		{"msg/s", func(r result) float64 { return r.PerS }, true},
		{"wire B/msg", func(r result) float64 { return r.WireMsg }, true},
		{"disk B/msg", func(r result) float64 { return r.DiskReader }, true},
		{"A RSS MB", func(r result) float64 { return r.A.RSS }, false},
		{"B RSS MB", func(r result) float64 { return cmp.Or(r.Peak, r.B.RSS) }, false},
		{"A cpu s", func(r result) float64 { return r.A.User + r.A.Sys }, false},
		{"B cpu s", func(r result) float64 { return cmp.Or(r.CPU, r.B.User+r.B.Sys) }, false},
		{"page ms", func(r result) float64 { return r.Page }, false},
		{"deep ms", func(r result) float64 { return r.Deep }, false},
	},
	"nochange": {
		{"ms", func(r result) float64 { return r.PullS * 1000 }, true},
		{"all bytes", func(r result) float64 { return r.Wire }, true},
		{"stream bytes", func(r result) float64 { return r.RX + r.TX }, false},
		{"ready ms", func(r result) float64 { return r.Ready }, false},
		{"screen ms", func(r result) float64 { return r.Screen }, false},
	},
	"live": {
		{"p50 ms", func(r result) float64 { return r.P50 }, true},
		{"p99 ms", func(r result) float64 { return r.P99 }, true},
		{"wire B/msg", func(r result) float64 { return r.WireMsg }, true},
		{"A RSS MB", func(r result) float64 { return r.A.RSS }, false},
		{"B RSS MB", func(r result) float64 { return r.B.RSS }, false},
	},
}

// ratios reads the results of one run of the rig and prints, for each phase, the
// median of every system, and ours divided by it.
func ratios(in io.Reader, out io.Writer) error {
	all, err := readResults(in)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, phase := range []string{"append", "catchup", "nochange", "live"} {
		if err := showPhase(w, phase, all[phase]); err != nil {
			return err
		}
	}
	return w.Flush()
}

// readResults sorts results by phase, then by system, ours first.
func readResults(in io.Reader) (map[string]map[string][]result, error) {
	all := map[string]map[string][]result{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		if all[r.Phase] == nil {
			all[r.Phase] = map[string][]result{}
		}
		all[r.Phase][r.Sys] = append(all[r.Phase][r.Sys], r)
	}
	return all, lines.Err()
}

func showPhase(w io.Writer, phase string, of map[string][]result) error {
	if len(of) == 0 {
		return nil
	}
	var systems []string
	for s := range of {
		systems = append(systems, s)
	}
	slices.SortFunc(systems, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	fmt.Fprintf(w, "%s\tN\truns\t", phase)
	for _, f := range figures[phase] {
		fmt.Fprintf(w, "%s\t", f.name)
		if f.ratio {
			fmt.Fprint(w, "ours ÷\t")
		}
	}
	fmt.Fprintln(w)
	for _, s := range systems {
		fmt.Fprintf(w, "%s\t%d\t%d\t", s, of[s][0].N, len(of[s]))
		for _, f := range figures[phase] {
			m := median(of[s], f.of)
			fmt.Fprintf(w, "%s\t", short(m))
			if f.ratio {
				fmt.Fprintf(w, "%s\t", short(median(of[ours], f.of)/m))
			}
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintln(w)
	return err
}

func rank(system string) int {
	if system == ours {
		return 0
	}
	return 1
}

// median is that of one figure over the runs; of an even number the upper one.
func median(of []result, f func(result) float64) float64 {
	if len(of) == 0 {
		return 0
	}
	v := make([]float64, len(of))
	for i, r := range of {
		v[i] = f(r)
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// short writes a figure with three digits or as a whole number.
func short(v float64) string {
	switch {
	case v >= 100 || v == 0:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
